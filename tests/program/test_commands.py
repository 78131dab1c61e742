#!/usr/bin/env python3
"""Each subcommand does what the README says, with output that scripts can read."""

import json
import math
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest
from xml.etree import ElementTree

import pictures
import program

SCORES = {"mse", "psnr", "fmse", "fpsnr", "ssim"}
ONE_QUICK_ROW = "^norm/forward/f32/21000$"
BENCH = program.PROGRAM.parent / f"{program.PROGRAM.name}-bench"  # which can be told to be quick


def limit_address_space():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


class CommandsTest(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.demo = cls.data / "demo"
        subprocess.run([str(program.DEMO_DATA), str(cls.demo)], check=True, timeout=program.TIMEOUT)
        # The program as it is installed: bin/ and share/ below one prefix, wherever that is.
        cls.prefix = cls.data / "prefix"
        cls.installed = cls.prefix / "bin/attune"
        cls.installed.parent.mkdir(parents=True)
        try:
            os.link(program.PROGRAM, cls.installed)
        except OSError:  # another file system
            cls.installed.write_bytes(program.PROGRAM.read_bytes())
            cls.installed.chmod(0o755)
        cls.model = cls.prefix / "share/attune/models/small.safetensors"
        cls.model.parent.mkdir(parents=True)
        cls.model.write_bytes(program.SHIPPED_MODEL.read_bytes())

    def harmonize(self, out, *arguments, **options):
        self.succeed("harmonize", "--image", self.composite, "--mask", self.mask, "--out", out, *arguments, **options)
        return out.read_bytes()

    def test_help_and_version_everywhere(self):
        for command in ([], ["train"], ["harmonize"], ["eval"], ["bench"], ["compose"], ["export"], ["info"]):
            text = self.succeed(*command, "--help").stdout
            self.assertIn("Usage: attune", text)
            self.assertRegex(self.succeed(*command, "--version").stdout, r"\Aattune \d+\.\d+\.\d+\n\Z")

    def test_info(self):
        text = self.succeed("info", "--model", program.SHIPPED_MODEL).stdout
        for part in (str(program.SHIPPED_MODEL), "weights", "16-32-64-128-160", "affine"):
            self.assertIn(part, text)

    def test_eval_of_the_composite(self):
        result = self.succeed("eval", "--data", self.demo, "--list", "demo.txt", "--composite", "--json", "-")
        scores = json.loads(result.stdout)
        self.assertEqual(scores["protocol"], "idih")
        self.assertEqual([row["set"] for row in scores["rows"]], ["overall", "demo", "15-100"])
        for row in scores["rows"]:
            self.assertEqual(set(row), {"set", "method", "images"} | SCORES)
            self.assertEqual((row["method"], row["images"]), ("composite", 1))
            self.assertEqual([row[score] for score in SCORES], [scores["rows"][0][score] for score in SCORES])

    def test_eval_of_a_model(self):
        for protocol in ("idih", "gtbg", "full"):
            out = self.folder / "rows.json"
            result = self.succeed("eval", "--data", self.data / "pairs", "--list", "all.txt", "--protocol", protocol,
                                  "--model", program.SHIPPED_MODEL, "--json", out, "--threads", 1)
            scores = json.loads(out.read_text())
            self.assertEqual(scores["protocol"], protocol)
            self.assertEqual([(row["set"], row["method"], row["images"]) for row in scores["rows"][:2]],
                             [("overall", "composite", 2), ("overall", "model", 2)])
            self.assertEqual([(picture["name"], picture["method"]) for picture in scores["pictures"]],
                             [(name, method) for name in ("p0_1_1.png", "p1_1_1.png") for method in ("composite", "model")])
            for score in SCORES:
                mean = sum(picture[score] for picture in scores["pictures"] if picture["method"] == "model") / 2
                self.assertAlmostEqual(scores["rows"][1][score], mean)
            self.assertRegex(result.stdout, r"model: \d of 2 pictures are worse than their composite by more than 1 dB")

    def test_eval_of_classical_methods(self):
        for method in ("reinhard", "histogram"):
            result = self.succeed("eval", "--data", self.data / "pairs", "--list", "all.txt", "--method", method, "--json", "-")
            self.assertEqual([(row["set"], row["method"]) for row in json.loads(result.stdout)["rows"][:2]],
                             [("overall", "composite"), ("overall", method)])

    def test_compose_writes_what_training_sees(self):
        out = self.folder / "set"
        self.succeed("compose", self.config, "--out", out, "--count", 3, "--set", "sampling.jitter=0")
        self.assertEqual((out / "list.txt").read_text().split(), ["s1_1_1.png", "s2_1_1.png", "s3_1_1.png"])
        self.assertRegex((out / "photographs.csv").read_text(), r"\Acomposite,photograph\n(s\d_1_1.png,photo\d.png\n){3}\Z")
        real, composite = pictures.read_png(out / "real_images/s1.png"), pictures.read_png(out / "composite_images/s1_1_1.png")
        mask = pictures.read_png(out / "masks/s1_1.png").pixels
        self.assertEqual((real.width, real.height), (32, 32))
        changed = [index for index in range(len(mask)) if real.pixel(index) != composite.pixel(index)]
        self.assertTrue(changed)
        self.assertTrue(all(mask[index] for index in changed))
        rows = json.loads(self.succeed("eval", "--data", out, "--list", "list.txt", "--composite", "--json", "-").stdout)["rows"]
        self.assertEqual(rows[0]["images"], 3)
        again = self.folder / "again"
        self.succeed("compose", self.config, "--out", again, "--count", 3, "--set", "sampling.jitter=0")
        self.assertEqual(program.files_in(again), program.files_in(out))
        refused = program.run("compose", self.config, "--out", out)
        self.assertEqual((refused.returncode, refused.stderr.count("\n")), (2, 1))
        self.assertIn("holds pictures already", refused.stderr)

    def test_what_lies_outside_the_mask_stays(self):
        out = self.folder / "out.png"
        self.harmonize(out, "--model", program.SHIPPED_MODEL)
        before, after = pictures.read_png(self.composite), pictures.read_png(out)
        mask = pictures.read_png(self.mask).pixels
        self.assertEqual((after.width, after.height, after.channels), (before.width, before.height, 3))
        changed = [index for index in range(len(mask)) if before.pixel(index) != after.pixel(index)]
        self.assertTrue(changed)
        self.assertTrue(all(mask[index] for index in changed))

    def test_a_folder_of_pictures(self):
        pairs = self.data / "pairs"
        self.succeed("harmonize", "--images", pairs / "composite_images", "--masks", pairs / "masks", "--out",
                     self.folder / "out", "--model", program.SHIPPED_MODEL, "--threads", 1)
        self.assertEqual(sorted(path.name for path in (self.folder / "out").iterdir()), ["p0_1_1.png", "p1_1_1.png"])
        single = self.harmonize(self.folder / "single.png", "--model", program.SHIPPED_MODEL, "--threads", 1)
        self.assertTrue((self.folder / "out/p0_1_1.png").read_bytes() == single)

    def test_strength(self):
        """0 leaves the picture as it was, a half goes half the way, and 1 is what goes without saying."""
        model = ("--model", program.SHIPPED_MODEL, "--threads", 1)

        def harmonized(name, *strength):
            self.harmonize(self.folder / name, *model, *strength)
            return pictures.read_png(self.folder / name).pixels

        before = pictures.read_png(self.composite).pixels
        none, half, full = (harmonized(f"{strength}.png", "--strength", strength) for strength in (0, 0.5, 1))
        self.assertTrue(none == before)
        self.assertTrue(full == harmonized("unsaid.png"))
        self.assertGreater(max(abs(far - near) for near, far in zip(before, full)), 10)
        self.assertLessEqual(max(abs(2 * middle - near - far) for near, middle, far in zip(before, half, full)), 1)
        pairs = self.data / "pairs"
        self.succeed("harmonize", "--images", pairs / "composite_images", "--masks", pairs / "masks", "--out",
                     self.folder / "out", *model, "--strength", 0.5)
        self.assertTrue(pictures.read_png(self.folder / "out/p0_1_1.png").pixels == half)
        self.assertIn("--strength", self.succeed("harmonize", "--help").stdout)

    def test_the_shipped_model_is_found_beside_the_program(self):
        named = self.harmonize(self.folder / "named.png", "--model", program.SHIPPED_MODEL, "--threads", 1)
        found = self.harmonize(self.folder / "found.png", "--threads", 1, program=self.installed)
        self.assertTrue(named == found)
        self.assertIn(str(self.model), self.succeed("info", program=self.installed).stdout)

    @unittest.skipUnless(program.PROGRAM.parents[2] == program.SOURCE, "the build folder is not build/PRESET")
    def test_the_shipped_model_is_found_from_the_build_folder(self):
        self.assertIn(str(program.SHIPPED_MODEL), self.succeed("info").stdout)

    def test_no_model_is_never_a_random_one(self):
        alone = self.prefix / "bin/alone/deeper/attune"
        alone.parent.mkdir(parents=True)
        os.link(self.installed, alone)
        result = program.run("harmonize", "--image", self.composite, "--mask", self.mask,
                             "--out", self.folder / "out.png", program=alone)
        self.assertEqual(result.returncode, 3)
        self.assertRegex(result.stderr, r"\Aattune: the shipped model is not there; looked for .*small.safetensors\n\Z")
        self.assertEqual(program.files_in(self.folder), {})

    def test_print_config_and_dry_run_write_nothing(self):
        before = program.files_in(self.data)
        printed = self.succeed("train", self.config, "--print-config", "--set", "train.steps=7", cwd=self.folder).stdout
        self.assertEqual(json.loads(printed)["train"]["steps"], 7)
        self.assertIn("weights", self.succeed("train", self.config, "--dry-run", cwd=self.folder).stderr)
        self.assertEqual((program.files_in(self.data), program.files_in(self.folder)), (before, {}))

    def test_profile(self):
        """The rows of either table are a whole step, and the run is the same as without it."""
        def metrics(name, *options):
            result = self.succeed("train", self.config, "--set", "train.steps=3", "--threads", 1, "--out",
                                  self.folder / name, *options)
            lines = (self.folder / name / "metrics.jsonl").read_text().splitlines()
            return result.stderr.partition("mean of")[2], [json.loads(line)["loss"] for line in lines]

        told, losses = metrics("watched", "--profile")
        self.assertEqual(losses, metrics("alone")[1])
        self.assertRegex(told, r"\A 2 steps: [\d.]+ ms; this machine: [\d.]+ GB/s")
        # Smaller ones may fall below what has a row of its own, on a busy machine.
        for row in ("convolution forward", "convolution backward", r"convolution encoder\S* forward"):
            self.assertRegex(told, rf"\n{row} .*%.*%\n")
        shares = [float(share) for share in re.findall(r" ([\d.]+)%", re.sub(r" +\d+%\n", "\n", told))]
        self.assertAlmostEqual(sum(shares), 200, delta=0.1 * len(shares))

    def test_runs_go_to_runs_and_print_config_reads_back(self):
        config = self.data / "again.json"
        config.write_text(self.succeed("train", self.config, "--print-config", "--set", "train.steps=1").stdout)
        self.addCleanup(config.unlink)
        self.succeed("train", config, "--threads", 1, cwd=self.folder)
        self.assertTrue((self.folder / "runs/again/best.safetensors").is_file())
        self.harmonize(self.folder / "out.png", "--model", self.folder / "runs/again/best.safetensors")

    def test_the_commands_in_the_readme(self):
        """In a folder that looks as ./quickstart leaves the checkout, with a few steps in place of a run."""
        (self.folder / "build").mkdir()
        shutil.copytree(self.demo, self.folder / "build/quickstart")
        shutil.copyfile(self.demo / "composite_images/Garden_1_1.png", self.folder / "build/quickstart/before.png")
        (self.folder / "examples").mkdir()
        shutil.copyfile(program.SOURCE / "examples/tiny.json", self.folder / "examples/tiny.json")
        lines = (program.SOURCE / "README.md").read_text().splitlines()
        commands = [line.split()[1:] for line in lines if line.startswith("    build/cpu/attune ")]
        self.assertEqual({command[0] for command in commands}, {"harmonize", "train", "bench", "compose", "export"})
        for steps, (command, *arguments) in enumerate(commands):
            if command == "train":
                arguments += ["--set", f"train.steps={steps}", "--threads", "1"]
            if command != "bench" or program.HAS_BENCHMARKS:
                which = program.PROGRAM if command == "bench" else self.installed
                self.succeed(command, *arguments, cwd=self.folder, program=which)
        self.assertTrue((self.folder / "after.png").is_file())
        self.assertTrue((self.folder / "attune.onnx").is_file())
        self.assertTrue((self.folder / "runs/mine/best.safetensors").is_file())

    @unittest.skipIf(program.SANITIZED, "sanitizers reserve terabytes of addresses")
    def test_four_gigabytes_of_addresses_are_enough(self):
        limit = {"preexec_fn": limit_address_space}
        model = ("--model", program.SHIPPED_MODEL)
        self.harmonize(self.folder / "out.png", *model, **limit)
        self.succeed("eval", "--data", self.demo, "--list", "demo.txt", "--protocol", "full", *model, **limit)
        self.train(self.folder / "run", "--set", "train.steps=1", **limit)
        self.succeed("info", *model, **limit)


@unittest.skipUnless(program.HAS_BENCHMARKS, "built without attune-bench")
class BenchTest(program.ProgramTest):
    def expect_row(self, text):
        (row,) = json.loads(text)["benchmarks"]
        self.assertEqual(row["name"], "norm/forward/f32/21000")
        self.assertGreater(row["bytes"], 0)
        self.assertGreater(row["flops"], 0)
        self.assertTrue(0 < row["ceiling"] <= 1)
        self.assertGreater(row["noise"], 0)

    def test_json_on_stdout_and_in_a_file(self):
        self.expect_row(self.succeed("bench", "--filter", ONE_QUICK_ROW, "--json", "-").stdout)
        out = self.folder / "rows.json"
        self.succeed("bench", "--filter", ONE_QUICK_ROW, "--json", out, "--threads", 1)
        self.expect_row(out.read_text())
        self.assertEqual(list(self.folder.iterdir()), [out])

    def roofline(self, path):
        """The rows that have marks, and the words of a picture."""
        root = ElementTree.parse(path).getroot()
        self.assertNotRegex(path.read_text(), r"\b(nan|inf)\b")
        words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertEqual(len([word for word in words if word.endswith(", the ceiling")]), 1)
        for limit in ("stream read", "stream copy", "FMA f32"):
            name = re.compile(rf"{limit} [\d.]+ [GT](B|FLOP)/s(, the ceiling)?")
            self.assertEqual(len([word for word in words if name.fullmatch(word)]), 1)
        titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
        return [title.partition(": ")[0] for title in titles], words

    def test_roofline(self):
        out = self.folder / "roofline.svg"
        rows = "^(style_fusion/.*/8x12x12x160|patch_sample/draw/f32/8x12x12)$"  # the latter makes no flops
        told = self.succeed("bench", "--filter", rows, "--roofline", out, "--json", "-", "--threads", 1).stdout
        names = [row["name"] for row in json.loads(told)["benchmarks"]]
        self.assertEqual(len(names), 5)
        marked, words = self.roofline(out)
        self.assertEqual(marked, names)
        self.assertTrue(set(names) < set(words))  # a line of the table each
        self.assertTrue([word for word in words if re.search(r", 1 CPU thread, \d{4}-\d\d-\d\d \d\d:\d\d UTC$", word)])
        self.assertEqual(list(self.folder.iterdir()), [out])

    def test_roofline_on_stdout(self):
        out = self.folder / "rows.json"
        told = self.succeed("bench", "--filter", ONE_QUICK_ROW, "--roofline", "-", "--json", out, "--threads", 1)
        self.assertEqual(ElementTree.fromstring(told.stdout).tag, "{http://www.w3.org/2000/svg}svg")
        self.expect_row(out.read_text())
        self.assertIn(", 1 CPU thread, ", told.stdout)

    def test_no_picture_of_no_rows(self):
        result = program.run("bench", "--filter", "^fma/f32$", "--roofline", self.folder / "out.svg")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no op's row was measured", result.stderr)
        self.assertEqual(program.files_in(self.folder), {})

    def test_roofline_of_many_rows(self):
        out = self.folder / "roofline.svg"
        told = self.succeed("--benchmark_filter=/8x(12x12|24x24|48x48)", "--benchmark_min_time=0.0001", "--threads=1",
                            f"--roofline={out}", "--benchmark_format=json", program=BENCH).stdout
        names = [row["name"] for row in json.loads(told)["benchmarks"]]
        self.assertGreater(len(names), 48)
        marked, words = self.roofline(out)
        self.assertEqual(sorted(marked), sorted(names))
        self.assertEqual({word for word in words if "/f32" in word or "/bf16" in word},
                         {name.rpartition("/")[0] for name in names})

    def test_sizes_from_the_first_cache_to_far_beyond_the_last(self):
        caches = pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")
        kibibytes = [int(cache.read_text().strip().rstrip("K")) for cache in caches]
        if not kibibytes:
            self.skipTest("the system does not tell its caches")
        listed = self.succeed("--benchmark_list_tests", program=BENCH)
        if "without rows" in listed.stderr:
            self.skipTest("too little memory")
        elements = {}  # of each op and direction's f32 rows
        for name in listed.stdout.split():
            op, direction, dtype, shape = name.split("/")[:4] if name.count("/") >= 3 else [""] * 4
            if dtype == "f32":
                if extents := re.match(r"(?:map_)?(\d+(?:x\d+)*)", shape):
                    elements.setdefault(f"{op}/{direction}", []).append(math.prod(map(int, extents[1].split("x"))))
        first, last = min(kibibytes) << 10, max(kibibytes) << 10
        # What moves the elements in its name a whole number of times: half the first cache to ten times the last.
        for row, bytes_each in (("masked_style/forward", 4), ("patch_sample/draw", 4), ("patch_sample/scatter", 4),
                                ("norm/forward", 4), ("style_fusion/forward", 8)):
            self.assertLess(min(elements[row]) * bytes_each, first, row)
            self.assertGreater(max(elements[row]) * bytes_each, 9 * last, row)
        # The others move more than these elements, but go as far.
        for op in ("blend_output", "color_transform", "image_bias", "masked_style", "pack_input", "reconstruction", "resample",
                   "style_fusion", "upsample_concat"):
            for direction in ("forward", "backward"):
                sizes = elements[f"{op}/{direction}"]
                self.assertGreater(max(sizes) / min(sizes), 10 * last / (first / 2) / 2, f"{op}/{direction}")
        self.assertLess(min(elements["adamw/step"]) * 36, first)
        self.assertEqual(len(elements["patch_sample/gather"]), 5)  # the network's alone

    def test_names_are_unique(self):
        names = self.succeed("--benchmark_list_tests", program=BENCH).stdout.split()
        self.assertEqual(len(names), len(set(names)))

    def test_what_cannot_be_done(self):
        for filter_, option, out, code in (("nosuch", "--json", "-", 2), ("(", "--json", "-", 2),
                                           ("nosuch", "--json", self.folder / "out.json", 2),
                                           ("nosuch", "--roofline", self.folder / "out.svg", 2),
                                           (ONE_QUICK_ROW, "--json", "/proc/rows.json", 1),
                                           (ONE_QUICK_ROW, "--roofline", "/proc/rows.svg", 1),
                                           (ONE_QUICK_ROW, "--roofline", "", 2), (ONE_QUICK_ROW, "--json", "", 2)):
            result = program.run("bench", "--filter", filter_, option, out)
            self.assertEqual(result.returncode, code, result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertEqual((result.stdout, program.files_in(self.folder)), ("", {}))

    def test_two_outputs_in_one_place(self):
        out = self.folder / "out"
        for json_place, picture in (("-", "-"), (out, out), (out, f"{self.folder}/./out")):
            result = program.run("bench", "--filter", ONE_QUICK_ROW, "--json", json_place, "--roofline", picture)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("cannot both go to", result.stderr)
            self.assertEqual((result.stdout, program.files_in(self.folder)), ("", {}))

    def test_the_program_that_runs_the_rows(self):
        for place, code in (("/proc/rows.svg", 1), ("", 2)):
            result = program.run(f"--benchmark_filter={ONE_QUICK_ROW}", f"--roofline={place}", program=BENCH)
            self.assertEqual(result.returncode, code, result.stderr)
            self.assertEqual((result.stdout, len(result.stderr.splitlines())), ("", 1))  # before any row

    def test_stopped(self):
        out = self.folder / "rows.json"
        log = self.folder / "log"
        with open(log, "w") as output:
            words = [str(program.PROGRAM), "bench", "--json", str(out), "--roofline", f"{out}.svg"]
            process = subprocess.Popen(words, stdout=output, stderr=output,
                                       env={**os.environ, "TMPDIR": str(self.folder)})
        deadline = time.monotonic() + program.TIMEOUT
        while "Running" not in log.read_text():  # attune-bench's first words
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(program.TIMEOUT), 143)
        self.assertEqual(list(self.folder.iterdir()), [log])


if __name__ == "__main__":
    unittest.main()
