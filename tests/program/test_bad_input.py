#!/usr/bin/env python3
"""What can't be used is told in one line with the right exit code, and leaves nothing behind."""

import copy
import json
import resource
import struct
import unittest

import pictures
import program

FAILED, USAGE, INPUT = 1, 2, 3


def read_safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8:8 + length]), data[8 + length:]


def write_safetensors(path, header, body):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def without_last_tensor(header, body):
    """The weights less the tensor that lies last in the file."""
    last = max((name for name in header if name != "__metadata__"), key=lambda name: header[name]["data_offsets"])
    begin = header[last]["data_offsets"][0]
    return {name: entry for name, entry in header.items() if name != last}, body[:begin], last


def full_disk(size):
    """Options for a program whose files can't grow beyond `size`; SIGXFSZ stays ignored, as Python has it."""
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)), "restore_signals": False}


class BadInputTest(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_folder = cls.data / "run"
        result = program.run("train", cls.config, "--out", cls.run_folder, "--threads", 1, "--set", "train.steps=2")
        assert result.returncode == 0, result.stderr
        cls.model = cls.run_folder / "last.safetensors"
        cls.text = cls.data / "text.jpg"
        cls.text.write_text("this is no picture\n")
        cls.missing = cls.data / "missing.png"
        cls.empty = pictures.write_png(cls.data / "empty.png", pictures.Picture(48, 40, 1, bytes(48 * 40)))
        cls.full = pictures.write_png(cls.data / "full.png", pictures.Picture(48, 40, 1, b"\xff" * (48 * 40)))
        cls.small_mask = pictures.write_png(cls.data / "small_mask.png", pictures.disc(20, 20))
        # A JPEG of the program's own making, and half of it.
        whole = cls.data / "whole.jpg"
        result = program.run("harmonize", "--image", cls.composite, "--mask", cls.empty, "--out", whole,
                             "--model", cls.model)
        assert result.returncode == 0, result.stderr
        cls.cut_jpeg = cls.data / "cut.jpg"
        cls.cut_jpeg.write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])

    def fails(self, code, fragments, *arguments, lines_before=0, **options):
        """One line on stderr that holds the fragments (after as many others, told before the failure); no new file."""
        before = program.files_in(self.data), program.files_in(self.folder)
        result = program.run(*arguments, **options)
        lines = result.stderr.splitlines()
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(len(lines), 1 + lines_before, result.stderr)
        self.assertTrue(lines[-1].startswith("attune: "), result.stderr)
        for fragment in fragments if isinstance(fragments, list) else [fragments]:
            self.assertIn(str(fragment), lines[-1])
        self.assertFalse(result.stdout)
        self.assertEqual((program.files_in(self.data), program.files_in(self.folder)), before)

    def harmonize_fails(self, code, fragments, image=None, mask=None, out=None, model=None):
        self.fails(code, fragments, "harmonize", "--image", image or self.composite, "--mask", mask or self.mask,
                   "--out", out or self.folder / "out.png", "--model", model or self.model)

    def train_fails(self, code, fragments, config, *arguments, **options):
        path = program.write_config(self.folder / "config.json", config)
        self.fails(code, fragments, "train", path, "--out", self.folder / "run", "--threads", 1, *arguments, **options)

    def config_with(self, **changes):
        config = copy.deepcopy(program.CONFIG)
        config["data"][0]["path"] = str(self.data / "photos")
        config["validation"][0]["path"] = str(self.data / "pairs")
        for key, value in changes.items():
            place = config
            *groups, last = key.split("__")
            for group in groups:
                place = place[group]
            place[last] = value
        return config

    def test_pictures(self):
        for path in (self.missing, self.cut_jpeg, self.text, self.data, self.folder / "a/b.png"):
            with self.subTest(path.name):
                self.harmonize_fails(INPUT, path, image=path)
                self.harmonize_fails(INPUT, path, mask=path)

    def test_a_mask_of_another_size(self):
        self.harmonize_fails(INPUT, [self.small_mask, "20x20", self.composite, "48x40"], mask=self.small_mask)

    def test_masks_that_leave_nothing_to_do(self):
        for mask, word in ((self.empty, "empty"), (self.full, "full")):
            out = self.folder / f"{word}.png"
            result = self.succeed("harmonize", "--image", self.composite, "--mask", mask, "--out", out,
                                  "--model", self.model)
            self.assertRegex(result.stderr, rf"\Aattune: warning: .*{mask.name}.* {word} .*\n\Z")
            self.assertTrue(pictures.read_png(out).pixels == pictures.read_png(self.composite).pixels)

    def test_masks_that_leave_nothing_to_do_when_inverted_or_ignored(self):
        for mask, ignored, words, message in (
                (self.empty, None, ["--invert"], "the mask is empty"),
                (self.full, None, ["--invert"], "the mask is full"),
                (self.mask, self.full, [], "the mask and --ignore-background leave no background"),
                (self.mask, self.full, ["--invert"], "the mask and --ignore-background leave no foreground")):
            words = words + (["--ignore-background", ignored] if ignored else [])
            result = self.succeed("harmonize", "--image", self.composite, "--mask", mask, *words,
                                  "--out", self.folder / "same.png", "--model", self.model)
            self.assertRegex(result.stderr, rf"\Aattune: warning: .*{mask.name}: {message} .*\n\Z")
            self.assertTrue(pictures.read_png(self.folder / "same.png").pixels == pictures.read_png(self.composite).pixels)

    def test_a_picture_of_one_pixel(self):
        image = pictures.write_png(self.folder / "one.png", pictures.Picture(1, 1, 3, b"\x10\x20\x30"))
        for name, value in (("soft", b"\x80"), ("empty", b"\0"), ("full", b"\xff")):
            mask = pictures.write_png(self.folder / f"{name}.png", pictures.Picture(1, 1, 1, value))
            out = self.folder / f"{name}_out.png"
            self.succeed("harmonize", "--image", image, "--mask", mask, "--out", out, "--model", self.model)
            result = pictures.read_png(out)
            self.assertEqual((result.width, result.height), (1, 1))

    def test_models(self):
        header, body = read_safetensors(self.model)
        cut = self.folder / "cut.safetensors"
        cut.write_bytes(self.model.read_bytes()[:-100])
        beheaded = self.folder / "beheaded.safetensors"
        beheaded.write_bytes(self.model.read_bytes()[:50])
        other = copy.deepcopy(header)
        other["__metadata__"]["attune.model"] = header["__metadata__"]["attune.model"].replace("[4,6]", "[4,8]")
        self.assertNotEqual(other, header)
        fewer_header, fewer_body, lost = without_last_tensor(header, body)
        for model, fragments in (
                (self.missing, self.missing), (self.data, self.data), (self.text, self.text), (cut, cut),
                (beheaded, beheaded), (self.run_folder / "last.state.safetensors", "no attune model"),
                (write_safetensors(self.folder / "other.safetensors", other, body), "other.safetensors"),
                (write_safetensors(self.folder / "fewer.safetensors", fewer_header, fewer_body), [lost, "missing"])):
            with self.subTest(model.name):
                self.harmonize_fails(INPUT, fragments, model=model)
                self.fails(INPUT, fragments, "eval", "--data", self.data / "pairs", "--list", "all.txt",
                           "--model", model, "--json", self.folder / "rows.json")

    def test_folders_of_pictures(self):
        images, masks = self.data / "photos/images", self.folder / "masks"
        pictures.write_png(masks / "photo0.png", pictures.disc(48, 40))
        self.fails(INPUT, ["photo1.png", "no mask"], "harmonize", "--images", images, "--masks", masks,
                   "--out", self.folder / "out", "--model", self.model)
        self.fails(INPUT, self.missing, "harmonize", "--images", self.missing, "--masks", masks,
                   "--out", self.folder / "out", "--model", self.model)

    def test_lists(self):
        pairs = self.data / "pairs"

        def eval_fails(fragments, data=pairs, entry=None, name="all.txt"):
            if entry:
                name = self.folder / "list.txt"
                name.write_text(f"p0_1_1.png\n{entry}\n")
            self.fails(INPUT, fragments, "eval", "--data", data, "--list", name, "--composite",
                       "--json", self.folder / "rows.json")

        eval_fails(["list.txt:2", "p9_1_1.png"], entry="p9_1_1.png")
        eval_fails(["list.txt:2", "noname"], entry="noname.png")
        eval_fails("nosuch.txt", name="nosuch.txt")
        eval_fails("all.txt", data=self.missing)
        (self.folder / "blank.txt").write_text("\n\n")
        eval_fails(pairs, name=self.folder / "blank.txt")

    def test_configurations(self):
        for key, value, fragments in (
                ("optimiser", {"lr": 0.1}, "unknown key 'optimiser.lr': did you mean 'optimizer.lr'?"),
                ("train__stpes", 5, "unknown key 'train.stpes': did you mean 'train.steps'?"),
                ("train__batch", "four", ["train.batch: got \"four\"", "expected a whole number from 1 to 4096"]),
                ("train__batch", 0, ["train.batch: got 0", "from 1 to 4096"]),
                ("train__batch", 2.5, "train.batch: got 2.5"),
                ("optimizer__ema_decay", 1, "optimizer.ema_decay: got 1"),
                ("model__head", "afine", ["model.head: got \"afine\"", "did you mean 'affine'?"]),
                ("model", [], "model"),
                ("data", [{"kind": "photos", "paht": "x"}], "unknown key 'data[0].paht': did you mean 'path'?"),
                ("data", [], "'data' is empty"),
                ("seed", None, "seed: got null")):
            with self.subTest(key=key, value=value):
                self.train_fails(USAGE, ["config.json", *([fragments] if isinstance(fragments, str) else fragments)],
                                 self.config_with(**{key: value}))

    def test_files_that_are_no_configuration(self):
        broken = self.folder / "broken.json"
        broken.write_text('{"seed": 1,\n "train": }')
        for path, fragments in ((broken, f"{broken}:2:"), (self.missing, self.missing), (self.data, self.data)):
            self.fails(USAGE, fragments, "train", path, "--out", self.folder / "run")

    def test_overrides(self):
        config = self.config_with()
        for override, fragment in (("optimiser.lr=1", "did you mean 'optimizer.lr'?"),
                                   ("train.steps", "key.path=value"), ("data[7].weight=1", "data[7].weight=1"),
                                   ("train.steps=many", "train.steps")):
            self.train_fails(USAGE, fragment, config, "--set", override)

    def test_training_data(self):
        self.train_fails(INPUT, self.missing, self.config_with(data=[{"kind": "photos", "path": str(self.missing)}]))
        source = {"kind": "iharmony", "path": str(self.data / "pairs"), "list": "nosuch.txt"}
        self.train_fails(INPUT, "nosuch.txt", self.config_with(data=[source]))
        self.train_fails(INPUT, "nosuch.txt", self.config_with(validation=[source]))

    def test_a_damaged_picture_among_the_training_data(self):
        photos = self.folder / "photos"
        photos.mkdir()
        (photos / "damaged.jpg").write_bytes(self.cut_jpeg.read_bytes())
        config = program.write_config(self.folder / "config.json",
                                      self.config_with(data=[{"kind": "photos", "path": str(photos)}]))
        result = program.run("train", config, "--out", self.folder / "run", "--threads", 1)
        self.assertEqual(result.returncode, INPUT, result.stderr)
        self.assertIn("damaged.jpg", result.stderr.splitlines()[-1])
        self.assertFalse((self.folder / "run").exists())

    def test_checkpoints(self):
        state = self.run_folder / "last.state.safetensors"
        header, body = read_safetensors(state)
        cut = state.read_bytes()[:-100]
        fewer_header, fewer_body, lost = without_last_tensor(header, body)
        fewer = write_safetensors(self.folder / "fewer", fewer_header, fewer_body).read_bytes()
        for content, fragment in ((cut, "last.state.safetensors"), (fewer, lost), (self.model.read_bytes(), "missing")):
            run = self.folder / "run"
            run.mkdir(exist_ok=True)
            for name in ("config.json", "metrics.jsonl"):
                (run / name).write_bytes((self.run_folder / name).read_bytes())
            (run / state.name).write_bytes(content)
            self.fails(INPUT, ["last.state.safetensors", fragment], "train", self.config, "--resume", run,
                       "--set", "train.steps=2", "--threads", 1, lines_before=1)

    def test_outputs_that_cannot_be_written(self):
        below_a_file = self.composite / "out.png"
        for out in (below_a_file, "/proc/attune.png", self.folder, self.folder / "nofolder/out.png",
                    self.folder / "out.xyz"):
            self.harmonize_fails(FAILED, out, out=out)
        (self.folder / "full.png").symlink_to("/dev/full")
        self.harmonize_fails(FAILED, "full.png", out=self.folder / "full.png")
        (self.folder / "full.png").unlink()
        self.fails(FAILED, self.composite, "harmonize", "--images", self.data / "photos/images",
                   "--masks", self.data / "photos/masks", "--out", self.composite, "--model", self.model)
        self.fails(FAILED, "run", "train", self.config, "--out", self.composite / "run", "--threads", 1, lines_before=1)

    def test_a_disk_that_gets_full(self):
        out = self.folder / "out.png"
        self.fails(FAILED, out, "harmonize", "--image", self.composite, "--mask", self.mask, "--out", out,
                   "--model", self.model, **full_disk(1024))
        run = self.folder / "run"
        result = program.run("train", self.config, "--out", run, "--threads", 1, **full_disk(5000))
        self.assertEqual(result.returncode, FAILED, result.stderr)
        self.assertIn(str(run), result.stderr.splitlines()[-1])
        self.assertEqual(sorted(program.files_in(run)), ["config.json", "metrics.jsonl"])

    def test_rows_that_cannot_be_written(self):
        for out in (self.composite / "rows.json", "/proc/rows.json", "/dev/full"):
            before = program.files_in(self.data)
            result = program.run("eval", "--data", self.data / "pairs", "--list", "all.txt", "--composite",
                                 "--json", out)
            self.assertEqual(result.returncode, FAILED, result.stderr)
            self.assertIn(str(out), result.stderr.splitlines()[-1])
            self.assertEqual(program.files_in(self.data), before)

    def test_a_full_disk_behind_stdout(self):
        with open("/dev/full", "w") as full:
            for arguments in (("info", "--model", self.model), ("train", self.config, "--print-config"), ("--help",)):
                result = program.run(*arguments, stdout=full)
                self.assertEqual(result.returncode, FAILED, result.stderr)
                self.assertEqual(result.stderr, "attune: stdout: cannot be written\n")

    def test_usage(self):
        pair = ("--image", self.composite, "--mask", self.mask)
        out = ("--out", self.folder / "out.png")
        for arguments, fragments in (
                ((), "subcommand is required"),
                (("harmonise",), "unknown argument 'harmonise': did you mean 'harmonize'?"),
                (("train", "--resmue", "x"), "unknown argument '--resmue': did you mean '--resume'?"),
                (("harmonize", *pair, *out, "--nosuch"), "--nosuch"),
                (("info", "extra"), "extra"),
                (("harmonize", *pair), "--out is required"),
                (("harmonize", "--image", self.composite, *out), "--mask"),
                (("harmonize", *pair, "--images", self.data, *out), "--images"),
                (("harmonize", *pair, *out, "--threads", "many"), ["--threads", "many"]),
                (("harmonize", *pair, *out, "--threads", "-1"), ["--threads", "-1"]),
                *((("harmonize", *pair, *out, "--strength", value), ["--strength: ", f" {value} ", "0 to 1"])
                  for value in ("1.5", "-0.25", "nan", "inf", "much")),
                (("harmonize", *pair, *out, "--device", "gpu"), ["--device gpu", "expected auto, cpu, cuda"]),
                (("harmonize", *pair, *out, "--model"), "--model"),
                (("eval", "--data", self.data, "--list", "x", "--protocol", "idhi"), ["idhi", "idih", "gtbg", "full"]),
                (("eval", "--data", self.data, "--list", "x", "--method", "lalonde"), ["lalonde", "reinhard", "histogram"]),
                (("eval", "--data", self.data, "--list", "x", "--method", "reinhard", "--model", "x"), "--method"),
                (("eval", "--data", self.data, "--list", "x", "--composite", "--model", "x"), "--composite")):
            with self.subTest(arguments=arguments[:2] + arguments[-1:]):
                self.fails(USAGE, fragments, *arguments)


if __name__ == "__main__":
    unittest.main()
