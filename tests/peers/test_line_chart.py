#!/usr/bin/env python3
"""Lines through points, and the drawing's numbers."""

import unittest
import xml.etree.ElementTree

from line_chart import Axes, Panel, fit, round_step, svg


class Fit(unittest.TestCase):
    def test_a_line_is_found_exactly(self):
        line = fit([(1, 5), (2, 7), (4, 11)])
        self.assertEqual(line.straightness(), "R² 1.0000")
        for found, expected in zip(line, (2, 3, 1, 0)):
            self.assertAlmostEqual(found, expected)

    def test_least_squares_of_points_beside_a_line(self):
        # By hand: the mean point is (1, 3), the slope 4 / 2; residuals 1, -2, 1 of squares 6, of 1 + 4 + 9 about the mean.
        line = fit([(0, 2), (1, 1), (2, 6)])
        for found, expected in zip(line, (2, 1, 1 - 6 / 14, 2)):
            self.assertAlmostEqual(found, expected)

    def test_values_that_hardly_change_are_flat(self):
        self.assertEqual(fit([(1, 3), (2, 3)]).straightness(), "flat")
        self.assertEqual(fit([(1, 100), (2, 98), (3, 101)]).straightness(), "flat")


class Drawing(unittest.TestCase):
    PANEL = Panel("title", "x", "y", {"one": [(1, 10), (2, 20)], "two": [(1, 30), (3, 50)]})

    def test_ticks_are_round_and_few(self):
        for most, step in ((0.9, 0.2), (4, 1), (7, 2), (24, 5), (26, 10), (410, 100)):
            self.assertAlmostEqual(round_step(most), step)

    def test_the_largest_values_fit(self):
        axes = Axes(self.PANEL)
        self.assertLess(axes.x(3), 560)
        self.assertGreater(axes.y(50), 0)

    def test_it_is_xml_with_every_point(self):
        root = xml.etree.ElementTree.fromstring(svg([[self.PANEL, self.PANEL]]))
        circles = [element for element in root.iter() if element.tag.endswith("circle")]
        self.assertEqual(len(circles), 2 * (4 + 2), "points, and one a series for its name")


if __name__ == "__main__":
    unittest.main()
