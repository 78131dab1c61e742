#!/usr/bin/env python3
"""The whole script on two made-up pictures, with a program in attune's place that changes nothing."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import needed  # noqa: F401
import numpy
from PIL import Image

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "examples/robustness"

# Answers as attune does; its scores are those of STEP below where `shift` is 0.
STAND_IN = """#!{python}
import json, pathlib, shutil, sys
options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
if sys.argv[1] == "harmonize":
    out = pathlib.Path(options["--out"])
    out.mkdir()
    for image in pathlib.Path(options["--images"]).iterdir():
        shutil.copy(image, out)
else:
    scores = {{"psnr": {psnr} + {shift}, "fmse": 400}}
    names = pathlib.Path(options["--list"]).read_text().split()
    methods = ("composite", "model")
    print(json.dumps({{"rows": [dict(scores, set="overall", method=method) for method in methods],
                      "pictures": [dict(scores, name=name, method=method) for name in names for method in methods]}}))
"""
STEP, LONG, SHORT = 20, 1024, 64  # the foreground's error in levels, the pictures' sides
QUARTER = numpy.index_exp[: SHORT // 2, : LONG // 2]


def plant_list(folder, list_name):
    truth = numpy.full((SHORT, LONG, 3), 100, numpy.uint8)
    composite, mask = truth.copy(), numpy.zeros((SHORT, LONG), numpy.uint8)
    composite[QUARTER] += STEP
    mask[QUARTER] = 255
    for kind, name, picture in (("composite_images", "one_1_1", composite), ("masks", "one_1", mask),
                                ("real_images", "one", truth)):
        (folder / kind).mkdir(parents=True)
        Image.fromarray(picture).save(folder / kind / f"{name}.png")
    (folder / list_name).write_text("one_1_1.png\n")


class Program(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)
        plant_list(self.folder / "data/mini", "mini_test.txt")
        plant_list(self.folder / "data/real_triples", "real_triples_test.txt")
        plant_list(self.folder / "data/highres", "highres_test.txt")
        (self.folder / "data/highres/highres_nogt.txt").write_text("one_1_1.png\n")
        (self.folder / "model").write_text("weights")
        (self.folder / "temporary").mkdir()

        self.environment = dict(os.environ, TMPDIR=str(self.folder / "temporary"))

    def plant_program(self, text):
        program = self.folder / "attune"
        program.write_text(text)
        program.chmod(0o755)

    def plant_stand_in(self, shift=0.0):
        psnr = 10 * numpy.log10(255 ** 2 / (STEP ** 2 / 4))
        self.plant_program(STAND_IN.format(python=sys.executable, psnr=psnr, shift=shift))

    def words(self, *options):
        words = [sys.executable, "-B", SCRIPT, "--attune", self.folder / "attune", "--model", self.folder / "model",
                 "--data", self.folder / "data", "--out", self.folder / "page.md", *options]
        return [str(word) for word in words]

    def run_script(self, *options):
        return subprocess.run(self.words(*options), capture_output=True, text=True, env=self.environment)

    def assert_nothing_left(self):
        self.assertEqual(list((self.folder / "temporary").iterdir()), [])

    def test_every_question_has_its_section(self):
        self.plant_stand_in()
        result = self.run_script()
        self.assertEqual((result.returncode, result.stdout.strip()), (0, str(self.folder / "page.md")), result.stderr)
        page = (self.folder / "page.md").read_text()
        for number in range(1, 10):
            self.assertIn(f"\n## {number}. ", page)
        page = " ".join(page.split())  # lines break anywhere
        self.assertIn("they agree", page)
        self.assertIn("8. Worse than doing nothing: met: 0 of 2 pictures", page)
        self.assertIn("7. Harmonized twice: met: ", page)
        self.assertIn("9. Large pictures: at full size the mean gain is +0.00 dB", page)
        self.assert_nothing_left()

    def test_other_scores_than_evals_are_noticed(self):
        self.plant_stand_in(shift=0.01)
        result = self.run_script("--only", "twice")
        self.assertEqual(result.returncode, 1)
        self.assertIn("DISAGREE", (self.folder / "page.md").read_text())

    def test_a_wrong_path_is_one_line(self):
        self.plant_stand_in()
        for option in ("--attune", "--model", "--data", "--out"):
            result = self.run_script(option, self.folder / "model/nowhere/at.all")
            self.assertEqual(result.returncode, 2, option)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertIn("nowhere", result.stderr)
        self.assert_nothing_left()

    def test_a_failing_program_is_one_line(self):
        self.plant_program("#!/bin/sh\necho 'attune: the model is none' >&2\nexit 3\n")
        result = self.run_script()
        self.assertEqual((result.returncode, result.stderr),
                         (1, "robustness: attune eval ended with 3: attune: the model is none\n"))
        self.assert_nothing_left()

    def test_an_interrupted_run_leaves_nothing(self):
        self.plant_program(f"#!/bin/sh\ntouch {self.folder}/started\nexec sleep 60\n")
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            # Where this test runs in the background, its children would ignore Ctrl-C.
            process = subprocess.Popen(self.words(), env=self.environment, stderr=subprocess.PIPE, text=True,
                                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
            while not (self.folder / "started").exists() and process.poll() is None:
                time.sleep(0.02)
            process.send_signal(number)
            self.assertEqual(process.communicate(timeout=20), (None, ""))
            self.assertEqual(process.returncode, code)
            self.assert_nothing_left()
            (self.folder / "started").unlink()


if __name__ == "__main__":
    unittest.main()
