#!/usr/bin/env python3
"""What is done to pictures and masks."""

import unittest

import needed  # noqa: F401
import numpy

from robustness_parts import changes


def mask_of(*rows):
    """# is foreground."""
    return numpy.array([[255 if sign == "#" else 0 for sign in row] for row in rows], numpy.uint8)


class Masks(unittest.TestCase):
    DOT = mask_of(".....", ".....", "..#..", ".....", ".....")

    def same(self, found, expected):
        self.assertEqual(found.dtype, numpy.uint8)
        self.assertEqual(found.tolist(), expected.tolist())

    def test_a_dot_grows_to_a_square(self):
        self.same(changes.dilated(self.DOT, 1), mask_of(".....", ".###.", ".###.", ".###.", "....."))

    def test_a_square_shrinks_to_a_dot(self):
        self.same(changes.eroded(mask_of(".....", ".###.", ".###.", ".###.", "....."), 1), self.DOT)

    def test_the_pictures_edge_does_not_erode(self):
        self.same(changes.eroded(mask_of("###.", "###.", "###."), 1), mask_of("##..", "##..", "##.."))

    def test_moving_repeats_the_edge(self):
        self.same(changes.moved(mask_of("#..", "...", "..."), 1), mask_of("##.", "##.", "..."))
        self.same(changes.moved(mask_of("...", "#..", "..."), 1), mask_of("...", "...", "##."))

    def test_blurring_keeps_the_sum_and_both_sides_alike(self):
        soft = changes.softened(mask_of("......##########").repeat(9, axis=0), 1)
        # By hand: e^0, e^-1/2, e^-2, e^-9/2 are 1, .6065, .1353, .0111, their sum with both sides 2.5059. Beside the edge
        # (1 + .6065 + .1353 + .0111) / 2.5059 = .6995 of 255.
        self.assertEqual(soft[4, 6], 178)
        self.assertEqual(soft[4, 5], 77)
        self.assertEqual((soft[4, 2], soft[4, 9]), (0, 255))
        self.assertTrue((soft == soft[4]).all(), "along the edge nothing changes")

    def test_wide_blurs_are_wider(self):
        self.assertGreater(changes.softened(self.DOT, 1)[2, 2], changes.softened(self.DOT, 2)[2, 2])

    def test_a_disc_has_the_area_asked_for_and_lies_inside(self):
        inside = numpy.zeros((60, 80), bool)
        inside[10:50, 20:60] = True
        for count in (1, 13, 317):
            disc = changes.disc(inside, count) > 127
            self.assertEqual(disc.sum(), count)
            self.assertTrue((disc <= inside).all())
        rows, columns = numpy.nonzero(disc)
        radius = numpy.hypot(rows - rows.mean(), columns - columns.mean()).max()
        self.assertAlmostEqual(radius, (317 / numpy.pi) ** 0.5, delta=1)

    def test_a_thin_region_is_cut_to_the_area(self):
        disc = changes.disc(mask_of(".....", "#####", ".....") > 127, 3)
        self.assertEqual((disc > 127).sum(), 3)
        self.assertEqual(disc[0].max(), 0)

    def test_the_deepest_pixel_is_not_at_the_pictures_edge(self):
        self.assertEqual(changes.deepest(numpy.ones((5, 7), bool))[0], 2)
        self.assertEqual(changes.deepest(mask_of("#####", "#####", "#####", "##...", "##...") > 127), (1, 1))


class Pictures(unittest.TestCase):
    RAMP = numpy.arange(4 * 5 * 3, dtype=numpy.uint8).reshape(4, 5, 3)

    def test_a_crop_drops_the_first_rows_and_columns(self):
        self.assertEqual(changes.cropped(self.RAMP, 2).tolist(), self.RAMP[2:, 2:].tolist())
        self.assertEqual(changes.cropped(self.RAMP, 0).tolist(), self.RAMP.tolist())
        self.assertEqual(changes.cropped(self.RAMP[..., 0], 1).shape, (3, 4))

    def test_grey_is_luma(self):
        found = changes.grey(numpy.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [7, 7, 7]]], numpy.uint8))
        self.assertEqual(found.tolist(), [[[76] * 3, [150] * 3, [29] * 3, [7] * 3]])

    def test_worse_jpegs_are_noisier(self):
        picture = changes.rounded(128 + 100 * numpy.sin(numpy.arange(32 * 32 * 3).reshape(32, 32, 3)))
        errors = [numpy.abs(changes.jpeg_noise(picture, quality).astype(int) - picture).mean() for quality in (95, 80, 40)]
        self.assertGreater(errors[0], 0)
        self.assertEqual(errors, sorted(errors))

    def test_only_the_inside_is_the_composites(self):
        found = changes.only_inside(self.RAMP + 100, self.RAMP, mask_of("#....", ".....", ".....", "....#"))
        self.assertEqual((found != self.RAMP).any(axis=-1).tolist(), [[True] + [False] * 4, [False] * 5, [False] * 5,
                                                                      [False] * 4 + [True]])

    def test_recolouring_is_learnt_inside_and_done_everywhere(self):
        truth = numpy.array([[[10, 10, 10], [30, 30, 30], [20, 50, 250]]], numpy.uint8)
        # Inside, red is doubled in contrast and moved to 40, green stays, blue becomes flat at 100.
        composite = numpy.array([[[20, 10, 100], [60, 30, 100], [0, 0, 0]]], numpy.uint8)
        found = changes.recoloured_like(composite, truth, numpy.array([[True, True, False]]))
        self.assertEqual(found[0, :, 0].tolist(), [20, 60, 40])
        self.assertEqual(found[0, :, 1].tolist(), [10, 30, 50])
        self.assertEqual(found[0, :, 2].tolist(), [99, 101, 123])  # slope 1/10, not 0


if __name__ == "__main__":
    unittest.main()
