"""attune-contender as a child process (contender.cpp says how it is spoken to), and where it finds its inputs."""

import subprocess
import sys

from attune_build import CONTENDER


class ContenderProcess:
    """`first_seconds`: what making the contest and its first run took."""

    def __init__(self, contest, inputs, outputs, threads, argument="", environment=None):
        words = [CONTENDER, contest, inputs, outputs, str(threads), argument]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.first_seconds = float(self.answer())

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"attune-contender ended with {self.process.wait()}")
        return line

    def ask(self, number):
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        return self.answer()

    def turn(self, times):
        """The mean seconds of one of so many runs."""
        return float(self.ask(times))

    def peak_bytes(self):
        """The memory that making and running the contest anew takes at its peak beyond the inputs."""
        return int(self.ask(0))

    def end(self):
        """The outputs are written then."""
        self.process.stdin.close()
        self.process.wait()
