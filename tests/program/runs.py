"""What the tests of training share: reading a run's folder, comparing and stopping runs."""

import json
import subprocess
import time

import program

WEIGHTS = ("last.safetensors", "last.state.safetensors", "best.safetensors")
TIMES = {"time_s", "images_per_s"}


def refuse_constant(name):
    raise ValueError(f"metrics.jsonl holds {name}")


def read_metrics(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line, parse_constant=refuse_constant) for line in lines]


def without_times(metrics):
    return [{key: value for key, value in line.items() if key not in TIMES} for line in metrics]


def steps_logged(folder):
    try:
        return (folder / "metrics.jsonl").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def weights_in(folder):
    return {name: program.digest(folder / name) for name in WEIGHTS}


class RunTest(program.ProgramTest):
    def expect_same_run(self, folder, expected_folder):
        """The same bits in all but times."""
        lines, expected = without_times(read_metrics(folder)), without_times(read_metrics(expected_folder))
        self.assertEqual(len(lines), len(expected))
        for line, expected_line in zip(lines, expected):
            self.assertEqual(line, expected_line)
        self.assertEqual(weights_in(folder), weights_in(expected_folder))

    def stop_at(self, step, number, *arguments, which=program.PROGRAM):
        """A run that got the signal once `step` was logged; its exit code and folder."""
        for attempt in range(10):
            folder = self.folder / f"run{attempt}"
            command = [which, "train", self.config, "--out", folder, "--threads", "1", *arguments]
            with open(self.folder / "stderr", "w") as stderr:
                process = subprocess.Popen(list(map(str, command)), stderr=stderr)
            deadline = time.monotonic() + program.TIMEOUT
            while steps_logged(folder) < step and process.poll() is None:
                self.assertLess(time.monotonic(), deadline, "the run does not get on")
                time.sleep(0.001)
            process.send_signal(number)
            code = process.wait(program.TIMEOUT)
            if code != 0:
                return code, folder
        self.fail("ten runs ended before they could be stopped")
