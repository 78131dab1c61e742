"""attune-contender as a child process (contender.cpp says how it is spoken to), and where it finds its inputs."""

import os
import subprocess
import sys

from attune_build import CONTENDER

# What is freed is given back at once, so that the resident memory's peak is the peak of what is in use.
MEMORY_ENVIRONMENT = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}


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
        """The memory that making and running the contest anew takes at its peak."""
        return int(self.ask(0))

    def end(self):
        """The outputs are written then."""
        self.process.stdin.close()
        self.process.wait()


def peak_bytes(contest, inputs, outputs, threads, argument=""):
    """Of a process of its own, beyond the inputs."""
    process = ContenderProcess(contest, inputs, outputs, threads, argument, MEMORY_ENVIRONMENT)
    peak = process.peak_bytes()
    process.end()
    return peak
