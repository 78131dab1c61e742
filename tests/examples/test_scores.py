#!/usr/bin/env python3
"""Scores and summaries, against values computed by hand."""

import unittest

import needed  # noqa: F401
import numpy

from robustness_parts import page, scores
from robustness_parts.harm_questions import Passes, passes_row
from robustness_parts.scores import Judged, Score

TRUTH = numpy.full((1, 4, 3), 100, numpy.uint8)
OUTPUT = numpy.array([[[110, 100, 100], [100, 100, 100], [100, 80, 100], [97, 100, 100]]], numpy.uint8)


class Scores(unittest.TestCase):
    def test_psnr_is_of_the_whole_picture(self):
        # (100 + 400 + 9) / 12
        self.assertAlmostEqual(scores.mean_squared_error(OUTPUT, TRUTH), 509 / 12)
        self.assertAlmostEqual(scores.score(OUTPUT, TRUTH, numpy.zeros((1, 4), numpy.uint8)).psnr, 31.8551, places=3)

    def test_a_perfect_score_is_finite(self):
        self.assertAlmostEqual(scores.score(TRUTH, TRUTH, numpy.full((1, 4), 255, numpy.uint8)).psnr, 108.1308, places=3)

    def test_fmse_weights_by_the_mask(self):
        # (1 * 100 + 0.2 * 400) / (3 * 1.2)
        mask = numpy.array([[255, 0, 51, 0]], numpy.uint8)
        self.assertAlmostEqual(scores.foreground_squared_error(OUTPUT, TRUTH, mask), 50, places=3)
        self.assertEqual(scores.foreground_squared_error(OUTPUT, TRUTH, 0 * mask), 0)

    def test_changes_count_inside_only(self):
        inside = numpy.array([[True, True, False, False]])
        self.assertAlmostEqual(scores.rms_inside(scores.difference(OUTPUT, TRUTH), inside), (100 / 6) ** 0.5)
        self.assertEqual(scores.rms_inside(scores.difference(OUTPUT, TRUTH), ~inside & inside), 0)

    def test_darker_counts_as_brighter(self):
        self.assertEqual(scores.difference(TRUTH, OUTPUT)[0, 0, 0], -10, "8 bits must not wrap around")

    def test_chroma_is_the_largest_channel_less_the_smallest(self):
        self.assertEqual(scores.chroma(OUTPUT, numpy.array([[True, False, True, False]])), 15)
        self.assertEqual(scores.chroma(TRUTH, numpy.ones((1, 4), bool)), 0)


class Summaries(unittest.TestCase):
    JUDGED = [Judged(Score(20, 300), Score(22, 100)), Judged(Score(30, 100), Score(28.5, 200)),
              Judged(Score(30, 200), Score(29.5, 150))]

    def test_the_cells(self):
        self.assertEqual(page.summary(self.JUDGED), ["3", "+0.00", "200.0", "150.0", "-25%", "1"])
        self.assertEqual(page.harmed(self.JUDGED, 0.1), 2)

    def test_no_pictures_are_said_to_be_none(self):
        self.assertEqual(page.summary([]), ["0", "-", "-", "-", "-", "-"])

    def test_a_table_is_markdown(self):
        self.assertEqual(page.table(("a", "b"), [["1", "2"]]), "| a | b |\n| --- | ---: |\n| 1 | 2 |\n")


class Twice(unittest.TestCase):
    def test_ratios(self):
        self.assertEqual(scores.ratios([10, 4, 0, 0], [2, 4, 0, 1]), [0.2, 1, 0, float("inf")])

    def test_the_row_tells_spread_and_how_many_drift(self):
        firsts, seconds = [10, 10, 10, 10], [1, 2, 3, 4]
        passes = [Passes("list", "name", first, second, ratio, 2, 3)
                  for first, second, ratio in zip(firsts, seconds, scores.ratios(firsts, seconds))]
        # Of 0.1 to 0.4 the 90th percentile lies 0.7 of the way from 0.3 to 0.4.
        self.assertEqual(passes_row("list", passes), ["list", "4", "10.0", "2.5", "0.25", "0.25", "0.37", "0.40", "1",
                                                      "+2.00", "+3.00"])


if __name__ == "__main__":
    unittest.main()
