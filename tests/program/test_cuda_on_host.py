#!/usr/bin/env python3
"""The tool with the CUDA backend, on the CUDA runtime on the host: `--device cuda` gives what `--device cpu` gives."""

import json
import shutil
import signal
import unittest

import pictures
import program
import runs

CHECKPOINT_EVERY = 10
STEPS = 2 * CHECKPOINT_EVERY
CONFIG = {
    **program.CONFIG,
    "model": {"preset": "tiny", "inference_size": 32},  # pictures of 48x40 are scaled to 32x27
    "train": {"steps": STEPS, "batch": 2, "size": 32, "second_pass": 1, "checkpoint_every": CHECKPOINT_EVERY,
              "validate_every": CHECKPOINT_EVERY, "validation_pictures": 1},
    "loss": {"contrast": {"samples": 16, "width": 16}},
}
DEVICES = ("cpu", "cuda")
TOLERANCE = 1e-4  # relative: sums in another order have changed losses by 5e-7 after 20 steps
LEVELS = 1  # a colour beside a half may be rounded either way
TIMEOUT = 5 * program.TIMEOUT


def attempt(device, *arguments):
    return program.run(*arguments, "--device", device, "--threads", 1, program=program.ON_HOST, timeout=TIMEOUT)


def run_on(device, *arguments):
    result = attempt(device, *arguments)
    assert result.returncode == 0, result.stderr
    return result


def metrics_in(folder):
    return runs.without_times(runs.read_metrics(folder))


def largest_difference(picture, other):
    assert (picture.width, picture.height, picture.channels) == (other.width, other.height, other.channels)
    return max(abs(a - b) for a, b in zip(picture.pixels, other.pixels))


@unittest.skipUnless(program.ON_HOST.name, "built without CUDA on the host")
@unittest.skipIf(program.SANITIZED, "takes 90 s there; cuda_on_host.training takes the same steps")
class CudaOnHostTest(runs.RunTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        program.write_config(cls.config, CONFIG)
        cls.folders = {device: cls.data / device for device in DEVICES}
        for device, folder in cls.folders.items():
            told = run_on(device, "train", cls.config, "--out", folder).stderr
            assert f" on {device}" in told, told
        cls.model = cls.folders["cuda"] / "best.safetensors"
        pairs = cls.data / "pairs"
        cls.composites = pairs / "composite_images"
        cls.pictures = ("--images", cls.composites, "--masks", pairs / "masks")
        cls.scored = ("--data", pairs, "--list", "all.txt", "--model", cls.model)

    def expect_close(self, actual, expected, place=""):
        """The same structure, its fractions within TOLERANCE."""
        if isinstance(expected, (dict, list)):
            self.assertEqual((type(actual), len(actual)), (type(expected), len(expected)), place)
            for key in expected if isinstance(expected, dict) else range(len(expected)):
                self.expect_close(actual[key], expected[key], f"{place}/{key}")
        elif isinstance(expected, float):
            self.assertLessEqual(abs(actual - expected), TOLERANCE * abs(expected), f"{place}: {actual}, {expected}")
        else:
            self.assertEqual(actual, expected, place)

    def test_training(self):
        metrics = metrics_in(self.folders["cuda"])
        self.assertEqual([line["step"] for line in metrics if "val" in line], [CHECKPOINT_EVERY, STEPS])
        self.expect_close(metrics, metrics_in(self.folders["cpu"]))
        self.assertEqual(*({path.name for path in folder.iterdir()} for folder in self.folders.values()))

    def test_killed_and_resumed(self):
        """On the same device to the same bits; a checkpoint of CUDA's also serves the CPU."""
        code, folder = self.stop_at(CHECKPOINT_EVERY + 1, signal.SIGKILL, "--device", "cuda", which=program.ON_HOST)
        self.assertEqual(code, -signal.SIGKILL)
        moved = shutil.copytree(folder, self.folder / "moved")
        told = run_on("cuda", "train", self.config, "--resume", folder).stderr
        self.assertIn(f"going on after step {CHECKPOINT_EVERY}\n", told)
        self.expect_same_run(folder, self.folders["cuda"])
        run_on("cpu", "train", self.config, "--resume", moved)
        self.expect_close(metrics_in(moved), metrics_in(self.folders["cpu"]))

    def harmonize(self, device, name, model):
        out = self.folder / f"{name}-{device}"
        run_on(device, "harmonize", *self.pictures, "--out", out, "--model", model)
        return [pictures.read_png(path) for path in sorted(out.iterdir())]

    def test_harmonize(self):
        run_on("cpu", "train", self.config, "--out", self.folder / "run", "--set", "model.head=blend")
        before = [pictures.read_png(path) for path in sorted(self.composites.iterdir())]
        for name, model in (("affine", self.model), ("blend", self.folder / "run/best.safetensors")):
            cpu, cuda = (self.harmonize(device, name, model) for device in DEVICES)
            self.assertEqual(len(cuda), len(before))
            for composite, expected, actual in zip(before, cpu, cuda):
                self.assertLessEqual(largest_difference(actual, expected), LEVELS, name)
                self.assertGreater(largest_difference(actual, composite), 10 * LEVELS, name)

    def test_eval(self):
        for protocol in ("idih", "full"):  # not rounded, and what `harmonize` does
            arguments = [*self.scored, "--protocol", protocol, "--json", "-"]
            cpu, cuda = (run_on(device, "eval", *arguments).stdout for device in DEVICES)
            scores = json.loads(cuda)
            self.expect_close(scores, json.loads(cpu))
            composite, model = scores["rows"][:2]
            self.assertGreater(model["psnr"], composite["psnr"] + 0.1)
            if protocol == "idih":  # which does not round: not a bit differs only where both ran on the CPU
                self.assertNotEqual(cuda, cpu)

    def test_choosing_a_device(self):
        commands = {"train": [self.config, "--dry-run"], "harmonize": [*self.pictures, "--out", self.folder / "out"],
                    "eval": self.scored}
        for command, arguments in commands.items():
            result = attempt("cuda:1", command, *arguments)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("--device cuda:1: no such device, 1 found", result.stderr)
        self.assertIn(" on cuda:0 ", run_on("auto", "train", *commands["train"]).stderr)


if __name__ == "__main__":
    unittest.main()
