#!/usr/bin/env python3
"""compare's page and verdicts, of made-up measurements."""

import unittest

import goals
import report

MACHINE = {"kind": "machine", "threads": 2, "torch": "2.15.0"}


def row(by, ratio, megabytes=100, from_attune=0.0, from_eager=0.0):
    return {"by": by, "seconds": 0.01 * ratio, "ratios": [ratio, ratio, 2 * ratio], "extra_bytes": 1e6 * megabytes,
            "from_attune": from_attune, "from_eager": from_eager}


def contest(name, *peers, megabytes=100, seconds=0.01):
    attune = {**row("attune", 1, megabytes), "seconds": seconds}
    return {"kind": "contest", "name": name, "tolerance": 1e-4, "rows": [attune, *peers]}


def verdicts(*measurements):
    return {(text, name): (figure, met) for text, name, figure, met in goals.judge(measurements)}


class Goals(unittest.TestCase):
    def test_speed_is_the_median_of_the_rounds(self):
        name = "style_fusion 8x24x24x128, forward + backward"
        found = verdicts(contest(name, row("PyTorch eager", 5.1), row("torch.compile", 1.9)))
        self.assertEqual(found, {("at least 5 times as fast as PyTorch eager", name): (5.1, True),
                                 ("at least 2 times as fast as torch.compile", name): (1.9, False)})

    def test_memory_is_attunes_share(self):
        name = "patch_infonce N1 K1024 M1024 D256, forward + backward"
        goal = ("at most a tenth of PyTorch eager's extra memory", name)
        for megabytes, met in ((10, True), (11, False)):
            measured = contest(name, row("PyTorch eager", 3), row("torch.compile", 3), megabytes=megabytes)
            self.assertEqual(verdicts(measured)[goal], (megabytes / 100, met))

    def test_bfloat16_is_compared_with_attunes_float32(self):
        steps = [contest("training step of small, 8 of 192x192, float32", seconds=0.8),
                 contest("training step of small, 8 of 192x192, bfloat16", seconds=0.4)]
        goal = ("at least 1.5 times as fast as attune in float32", steps[1]["name"])
        steps[0]["rows"] += [row("PyTorch eager", 2), row("torch.compile", 2)]
        self.assertEqual(verdicts(*steps)[goal], (2, True))
        self.assertEqual(verdicts(steps[1]), {}, "without the other there is nothing to compare with")

    def test_the_first_picture_has_limits_of_its_own(self):
        name = "first picture, 6000x4000"
        alone = {"kind": "attune alone", "name": name, "seconds": 2.5, "extra_bytes": 35e6, "program_seconds": 3}
        self.assertEqual(verdicts(alone), {("24 megapixels in under 2 s", name): (2.5, False),
                                           ("24 megapixels in less than 600 MB", name): (35, True)})


class Agreement(unittest.TestCase):
    def test_only_eager_is_the_reference(self):
        compiled = contest("style_fusion", row("PyTorch eager", 5, from_attune=3e-7),
                           row("torch.compile", 2, from_attune=2e-4, from_eager=2.1e-4))
        self.assertFalse(report.disagrees(compiled))
        self.assertIn("| 2.0e-04, and from PyTorch eager by 2.1e-04 |", report.contests_table([compiled]))

    def test_attune_disagrees_with_eager(self):
        wrong = contest("style_fusion", row("PyTorch eager", 5, from_attune=2e-4))
        self.assertTrue(report.disagrees(wrong))
        self.assertIn("| 2.0e-04 DISAGREES |", report.contests_table([wrong]))


class Page(unittest.TestCase):
    def test_a_section_has_what_was_measured(self):
        share = {"kind": "convolution share", "dtype": "float32", "eager": 0.4,
                 "attune": {"convolution": 0.7, "linear": 0.1, "patch_infonce": 0.05}}
        style = contest("style_fusion 8x24x24x128, forward + backward", row("PyTorch eager", 20), row("torch.compile", 4))
        page = report.section([MACHINE, style, share])
        self.assertIn("at most 2.50 times as fast", page)
        self.assertIn("### Goals, 2 threads", page)
        self.assertNotIn("attune alone", page)
        self.assertNotIn("Goals", report.section([MACHINE, share]))


if __name__ == "__main__":
    unittest.main()
