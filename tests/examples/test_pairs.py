#!/usr/bin/env python3
"""How examples/pairs cuts photographs and scores pictures."""

import importlib.machinery
import importlib.util
import math
import pathlib
import unittest

import needed  # noqa: F401
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_script():
    loader = importlib.machinery.SourceFileLoader("pairs", str(ROOT / "examples/pairs"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("pairs", loader))
    loader.exec_module(module)
    return module


pairs = load_script()


class Cutting(unittest.TestCase):
    def test_the_square_lies_around_the_outline_and_in_the_photograph(self):
        box = [(40, 10), (60, 10), (60, 90), (40, 90)]
        self.assertEqual(pairs.square_around(box, 400, 200), (100, 0, 200))
        at_the_edge = [(90, 0), (100, 0), (100, 10)]
        self.assertEqual(pairs.square_around(at_the_edge, 400, 200), (200, 0, 200))
        self.assertEqual(pairs.square_around(at_the_edge, 200, 400), (0, 0, 200))

    def test_the_mask_covers_the_outline_where_the_picture_shows_it(self):
        photograph = Image.new("RGB", (400, 200), "black")
        photograph.paste("white", (200, 50, 300, 150))
        picture, mask = pairs.cut(photograph, [(50, 25), (75, 25), (75, 75), (50, 75)])
        self.assertEqual(picture.size, (pairs.SIDE, pairs.SIDE))
        self.assertEqual(mask.size, picture.size)
        for place in ((pairs.SIDE // 2, pairs.SIDE // 2), (10, 10), (pairs.SIDE - 10, 10), (10, pairs.SIDE // 2)):
            self.assertEqual(picture.getpixel(place)[0], mask.getpixel(place), place)

    def test_every_outline_is_one_of_a_photograph(self):
        self.assertEqual(len(pairs.PHOTOGRAPHS), 10)
        names = [pairs.stem_of(name) for name, *_ in pairs.PHOTOGRAPHS]
        self.assertEqual(len(set(names)), 10)
        for name, _, _, outline in pairs.PHOTOGRAPHS:
            self.assertGreater(len(outline), 3, name)
            self.assertTrue(all(0 <= x <= 100 and 0 <= y <= 100 for x, y in outline), name)


class Page(unittest.TestCase):
    def test_psnr(self):
        black, grey = Image.new("RGB", (4, 4), (0, 0, 0)), Image.new("RGB", (4, 4), (10, 10, 10))
        self.assertAlmostEqual(pairs.psnr(black, grey), 10 * math.log10(255 ** 2 / 100), places=4)

    def test_the_page_has_the_rule_and_a_row_for_each(self):
        triple = tuple(Image.new("RGB", (8, 8), (level,) * 3) for level in (0, 10, 11))
        text = pairs.page([triple] * 10, "pairs.jpg")
        self.assertIn("The rule, set before", text)
        self.assertEqual(text.count("| CC"), 10)
        self.assertIn("| aitzgorri | Aitzol Berasategi | CC BY 4.0 | 27.30 | 48.13 |", text)

    def test_the_sheet_has_room_for_all(self):
        triple = tuple(Image.new("RGB", (8, 8), (level,) * 3) for level in (0, 100, 200))
        sheet = pairs.sheet([triple] * 10)
        tile, gap = pairs.TILE, pairs.GAP
        self.assertEqual(sheet.size, (6 * tile + 2 * gap, 5 * tile + 4 * gap))
        self.assertEqual(sheet.getpixel((5 * tile + 2 * gap + 5, 4 * (tile + gap) + 5)), (200,) * 3)


if __name__ == "__main__":
    unittest.main()
