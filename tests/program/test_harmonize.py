#!/usr/bin/env python3
"""attune harmonize: where masks and pictures may come from, and what goes with a picture into its output."""

import struct
import unittest

import pictures
import program


class HarmonizeTest(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.before, cls.shape = pictures.read_png(cls.composite), pictures.read_png(cls.mask)

    def harmonize(self, *arguments, out="out.png", **options):
        path = self.folder / out
        self.succeed("harmonize", *arguments, "--out", path, "--model", program.SHIPPED_MODEL, "--threads", 1, **options)
        return pictures.read_png(path) if path.suffix == ".png" else path

    def plain(self):
        return self.harmonize("--image", self.composite, "--mask", self.mask, out="plain.png")

    def write(self, name, width, height, channels, pixels):
        return pictures.write_png(self.folder / name, pictures.Picture(width, height, channels, bytes(pixels)))

    def with_alpha(self, name, alpha):
        pixels = b"".join(self.before.pixel(i) + bytes((a,)) for i, a in enumerate(alpha))
        return self.write(name, self.before.width, self.before.height, 4, pixels)

    def test_a_mask_from_alpha(self):
        image = self.with_alpha("cutout.png", self.shape.pixels)
        result = self.harmonize("--image", image, "--mask", "alpha")
        expected = self.plain()
        self.assertTrue(all(result.pixel(i)[:3] == expected.pixel(i) for i in range(len(self.shape.pixels))))
        self.assertEqual(result.pixels[3::4], self.shape.pixels)  # alpha is kept
        pictures.write_png(self.folder / "in/a.png", pictures.read_png(image))
        self.harmonize("--images", self.folder / "in", "--masks", "alpha", out="many")
        self.assertTrue(pictures.read_png(self.folder / "many/a.png").pixels == result.pixels)
        failed = program.run("harmonize", "--image", self.composite, "--mask", "alpha", "--out", self.folder / "no.png")
        self.assertEqual(failed.returncode, 3)
        self.assertRegex(failed.stderr, r"\Aattune: .*p0_1_1.png: has no alpha channel.*\n\Z")

    def test_a_cutout_is_pasted(self):
        """Laid where it was cut out, it is the composite that it was."""
        width, height, (left, top) = 30, 28, (9, 6)
        whole = pictures.read_png(self.with_alpha("whole.png", self.shape.pixels))
        rows = b"".join(whole.pixel((top + y) * whole.width + left + x) for y in range(height) for x in range(width))
        cutout = self.write("cutout.png", width, height, 4, rows)
        words = ("--foreground", cutout, "--background", self.composite, "--at", f"{left},{top}")
        self.assertTrue(self.harmonize(*words).pixels == self.plain().pixels)
        # Without strength, what was pasted: its alpha's colours in the background, and nothing else.
        background = self.write("grey.png", 50, 40, 3, bytes((90, 100, 110)) * 2000)
        pasted = self.harmonize("--foreground", cutout, "--background", background, "--at", "-5,20", "--strength", 0)
        for y in range(40):
            for x in range(50):
                i, j = x + 5, y - 20
                red, green, blue, alpha = rows[4 * (j * width + i):][:4] if i < width and 0 <= j < height else (0, 0, 0, 0)
                expected = [(alpha * f + (255 - alpha) * b) / 255 for f, b in zip((red, green, blue), (90, 100, 110))]
                for value, exact in zip(pasted.pixel(y * 50 + x), expected):
                    self.assertAlmostEqual(value, exact, delta=0.51)

    def test_a_cutout_is_scaled_and_masked(self):
        solid = self.write("solid.png", 10, 6, 3, bytes((200, 30, 60)) * 60)
        mask = self.write("solid_mask.png", 10, 6, 1, bytes(5 * [255] + 5 * [0]) * 6)
        background = self.write("grey.png", 50, 40, 3, bytes((90, 100, 110)) * 2000)
        for scale, right, bottom in ((1, 5, 6), (2.5, 12, 15), (0.5, 2, 3)):
            pasted = self.harmonize("--foreground", solid, "--mask", mask, "--background", background, "--at",
                                    f"3,4,{scale}", "--strength", 0)
            inside = {(x, y) for y in range(40) for x in range(50) if pasted.pixel(y * 50 + x) == bytes((200, 30, 60))}
            self.assertEqual(min(inside), (3, 4))
            self.assertEqual(max(y for _, y in inside), 3 + bottom)
            self.assertLessEqual(abs(max(x for x, _ in inside) - (2 + right)), 2)
            for y in range(40):
                for x in range(50):
                    if x < 3 or y < 4 or y >= 4 + bottom or x >= 3 + 10 * scale:
                        self.assertEqual(pasted.pixel(y * 50 + x), bytes((90, 100, 110)))

    def test_placements_that_make_no_sense(self):
        cutout = self.with_alpha("cutout.png", self.shape.pixels)
        for at, code, word in (("3", 2, "expected x,y"), ("3,4,", 2, "expected x,y"), ("3,4x", 2, "expected x,y"),
                               ("3,4,0", 2, "scale is 0"), ("3,4,nan", 2, "scale is nan"), ("99999999999,4", 2, "outside"),
                               ("-9223372036854775808,0", 2, "outside"), ("3,4,1,5", 2, "expected x,y"),
                               ("500,4", 3, "nothing of it lies on the background")):
            result = program.run("harmonize", "--foreground", cutout, "--background", self.composite, "--at", at,
                                 "--out", self.folder / "no.png", "--model", program.SHIPPED_MODEL)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (code, 1), result.stderr)
            self.assertIn(word, result.stderr)
        self.assertFalse((self.folder / "no.png").exists())

    def test_a_cutout_enlarged_beyond_the_background(self):
        """Only what is shown of it is made."""
        pixel = self.write("pixel.png", 2, 1, 4, (200, 30, 60, 255, 10, 20, 30, 255))
        background = self.write("grey.png", 50, 40, 3, bytes((90, 100, 110)) * 2000)
        pasted = self.harmonize("--foreground", pixel, "--background", background, "--at", "30,0,1000", "--strength", 0)
        for i in range(2000):
            self.assertEqual(pasted.pixel(i), bytes((200, 30, 60)) if i % 50 >= 30 else bytes((90, 100, 110)))

    def test_a_cutout_on_a_transparent_background(self):
        """What is under transparency does not show at soft edges."""
        cutout = self.write("soft.png", 1, 1, 4, (200, 30, 60, 128))
        background = self.write("clear.png", 3, 1, 4, (0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 255))
        words = ("--foreground", cutout, "--background", background, "--strength", 0)
        clear = self.harmonize(*words, "--at", "1,0", out="clear_out.png")
        self.assertEqual(clear.pixel(1), bytes((200, 30, 60, 128)))
        solid = self.harmonize(*words, "--at", "2,0", out="solid_out.png")
        self.assertEqual(solid.pixel(2), bytes((100, 142, 30, 255)))

    def test_options_that_do_not_go_together(self):
        for words in (("--image", self.composite), ("--mask", self.mask), ("--images", self.data),
                      ("--image", self.composite, "--mask", self.mask, "--at", "1,1"),
                      ("--images", self.data, "--masks", self.data, "--mask", self.mask),
                      ("--foreground", self.composite, "--background", self.composite),
                      ("--image", self.composite, "--mask", self.mask, "--quality", 101)):
            result = program.run("harmonize", *words, "--out", self.folder / "no.png")
            self.assertEqual((result.returncode, result.stderr.count("\n")), (2, 1), result.stderr)

    def test_only_the_pictures_of_a_folder_are_taken(self):
        pictures.write_png(self.folder / "mixed/a.png", self.before)
        pictures.write_png(self.folder / "shapes/a.png", self.shape)
        for name in (".DS_Store", "notes.txt"):
            (self.folder / "mixed" / name).write_text("no picture")
        result = self.succeed("harmonize", "--images", self.folder / "mixed", "--masks", self.folder / "shapes",
                              "--out", self.folder / "mixed_out", "--model", program.SHIPPED_MODEL)
        self.assertRegex(result.stderr, r"\Aattune: warning: .*notes.txt: no picture by its name, left out\n")
        self.assertNotIn(".DS_Store", result.stderr)
        self.assertEqual([path.name for path in (self.folder / "mixed_out").iterdir()], ["a.png"])

    def test_the_pictures_of_a_folder_are_not_overwritten(self):
        images = self.composite.parent
        result = program.run("harmonize", "--images", images, "--masks", self.mask.parent, "--out", images / ".")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"\Aattune: harmonize: --out is the folder of --images.*\n\Z")

    def test_invert(self):
        """The background is recoloured, and the foreground is left alone."""
        other = self.write("other.png", self.shape.width, self.shape.height, 1, [255 - m for m in self.shape.pixels])
        inverted = self.harmonize("--image", self.composite, "--mask", self.mask, "--invert")
        expected = self.harmonize("--image", self.composite, "--mask", other, out="other_out.png")
        self.assertLessEqual(max(abs(a - b) for a, b in zip(inverted.pixels, expected.pixels)), 1)
        self.assertNotEqual(inverted.pixels, self.before.pixels)
        for i, m in enumerate(self.shape.pixels):
            if m == 255:
                self.assertEqual(inverted.pixel(i), self.before.pixel(i))

    def test_ignored_background(self):
        ignored = bytes(255 if i % self.shape.width < 6 else 0 for i in range(len(self.shape.pixels)))
        spoilt = bytearray(self.before.pixels)
        for i, value in enumerate(ignored):
            if value:
                spoilt[3 * i:3 * i + 3] = bytes((255, 0, 255))
        size = (self.shape.width, self.shape.height)
        image, mask = self.write("spoilt.png", *size, 3, spoilt), self.write("ignored.png", *size, 1, ignored)
        words = ("--mask", self.mask, "--ignore-background", mask)
        clean = self.harmonize("--image", self.composite, *words)
        result = self.harmonize("--image", image, *words, out="spoilt_out.png")
        astray = self.harmonize("--image", image, "--mask", self.mask, out="astray.png")
        foreground = [i for i, m in enumerate(self.shape.pixels) if m]
        self.assertTrue(all(result.pixel(i) == clean.pixel(i) for i in foreground))
        self.assertTrue(any(astray.pixel(i) != clean.pixel(i) for i in foreground))
        # What is transparent.
        rgba = b"".join(bytes(spoilt[3 * i:3 * i + 3]) + bytes((255 - v,)) for i, v in enumerate(ignored))
        transparent = self.write("transparent.png", *size, 4, rgba)
        by_alpha = self.harmonize("--image", transparent, "--mask", self.mask, "--ignore-background", "alpha", out="a.png")
        self.assertTrue(all(by_alpha.pixel(i)[:3] == clean.pixel(i) for i in foreground))

    def test_quality(self):
        words = ("--image", self.composite, "--mask", self.mask)
        sizes = [self.harmonize(*words, "--quality", quality, out=f"{quality}.jpg").stat().st_size
                 for quality in (20, 95, 100)]
        self.assertTrue(sizes[0] < sizes[1] < sizes[2], sizes)
        self.assertEqual(self.harmonize(*words, out="unsaid.jpg").stat().st_size, sizes[1])

    def test_a_jpeg_tells_what_it_cannot_keep(self):
        words = ("--image", self.with_alpha("cutout.png", self.shape.pixels), "--mask", "alpha")
        for name, told in (("out.jpg", r"attune: warning: .*out.jpg: a JPEG has no alpha.*\n"), ("out.png", "")):
            result = self.succeed("harmonize", *words, "--out", self.folder / name, "--model", program.SHIPPED_MODEL)
            self.assertRegex(result.stderr, rf"\A{told}\Z")

    def test_profile_and_exif_go_with_the_picture(self):
        exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # to be turned by a quarter
        upright = exif.replace(b"\0\x06", b"\0\x01")
        png = self.composite.read_bytes()
        profile = make_profile(b"Display P3")
        at = len(pictures.SIGNATURE) + 25
        image = self.folder / "tagged.png"
        image.write_bytes(png[:at] + pictures.chunk(b"iCCP", b"x\0\0" + pictures.zlib.compress(profile)) +
                          pictures.chunk(b"eXIf", exif) + png[at:])
        turned = self.write("turned.png", self.shape.height, self.shape.width, 1, turned_right(self.shape))
        for name in ("out.png", "out.jpg"):
            out = self.folder / name
            result = self.succeed("harmonize", "--image", image, "--mask", turned, "--out", out,
                                  "--model", program.SHIPPED_MODEL)
            self.assertRegex(result.stderr, r'\Aattune: warning: .*tagged.png: .*"Display P3", not sRGB.*\n\Z')
            data = out.read_bytes()
            self.assertIn(upright, data)
            self.assertNotIn(exif, data)
            if name == "out.jpg":
                self.assertIn(profile, data)
            else:
                (length,) = struct.unpack_from(">I", data, data.index(b"iCCP") - 4)
                body = data[data.index(b"iCCP") + 4:][:length]
                self.assertEqual(pictures.zlib.decompress(body[body.index(b"\0") + 2:]), profile)
                self.assertEqual((pictures.read_png(out).width, pictures.read_png(out).height),
                                 (self.shape.height, self.shape.width))


def turned_right(picture):
    """One channel's rows, turned by a quarter as EXIF's orientation 6 is to be shown."""
    return bytes(picture.pixels[(picture.height - 1 - x) * picture.width + y]
                 for y in range(picture.width) for x in range(picture.height))


def make_profile(name):
    tag = b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name
    tag += b"\0" + bytes(i * i * 37 % 251 for i in range(300))  # libpng takes what deflates well for too short
    tag += bytes(-len(tag) % 4)
    header = struct.pack(">I4xI", 144 + len(tag), 2 << 24) + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    header = header.ljust(68, b"\0") + struct.pack(">III", 0xf6d6, 0x10000, 0xd32d)
    return header.ljust(128, b"\0") + struct.pack(">I", 1) + b"desc" + struct.pack(">II", 144, len(tag)) + tag


if __name__ == "__main__":
    unittest.main()
