#!/usr/bin/env python3
"""examples/ablation runs what is missing, once, and makes the table of it."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import sys
import unittest
from unittest import mock

import program


def load_script():
    """A fresh module, since a script without an extension is no module by itself."""
    loader = importlib.machinery.SourceFileLoader("ablation", str(program.SOURCE / "examples/ablation"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module  # its dataclass looks there
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


class AblationTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.script = load_script()
        config = json.loads(self.config.read_text())
        config["train"]["steps"] = 12
        config["data"][0]["validation_fraction"] = 1  # composes from all three photographs
        (self.data / "photos/photos.csv").write_text("name,licence,group\n" + "".join(f"photo{i},,photo{i}\n" for i in range(3)))
        self.script.CONFIG = program.write_config(self.data / "ablation.json", config)
        self.script.DATA = self.data
        self.script.TESTS = {"mini_test": ("pairs", "all.txt"), "real_triples": ("pairs", "all.txt")}
        row = self.script.Row
        self.script.ROWS = [row("fusion", "none", {"model.fusion": "none"}, 2, True), row("contrast", "off", {"loss.contrast.weight": 0})]
        self.script.RETOUCHED_COUNT = 2
        self.results = self.folder / "ablation.jsonl"

    def run_script(self, *words):
        arguments = ["ablation", "--attune", program.PROGRAM, "--threads", 1, "--device", "cpu", "--runs", self.folder / "runs",
                     "--results", self.results, *words]
        with mock.patch.object(sys, "argv", list(map(str, arguments))), contextlib.redirect_stdout(io.StringIO()) as out:
            self.script.main()
        return out.getvalue()

    def lines(self):
        return [json.loads(line) for line in self.results.read_text().splitlines()]

    def test_every_run_is_made_once_and_stands_in_the_table(self):
        self.assertEqual(self.run_script("--list").count("open"), 3)
        self.assertFalse(self.results.exists())
        self.run_script("--minutes", 0)
        self.assertFalse(self.results.exists())
        self.run_script("--only", "contrast")
        self.assertEqual([(line["name"], line["seed"]) for line in self.lines()], [("off", 1)])
        self.assertNotIn("mini_test", self.lines()[0])  # no final row
        self.run_script()
        results = self.lines()
        self.assertEqual([(line["name"], line["seed"]) for line in results], [("off", 1), ("none", 1), ("none", 2)])
        for test in ("retouched", "mini_test", "real_triples"):
            self.assertEqual(set(results[1][test]), {"psnr", "mse", "fmse", "worse"})
        self.assertEqual(len((next((self.folder / "runs").glob("retouched-*")) / "list.txt").read_text().split()), 2)
        before = self.results.read_bytes()
        self.assertEqual(self.run_script("--jobs", 2).count("done"), 3)
        self.assertEqual(self.results.read_bytes(), before)
        table = self.results.with_suffix(".md").read_text()
        self.assertRegex(table, r"\| fusion: none \| 2 \| \d+\.\d\d ± \d\.\d\d \|")
        self.assertRegex(table, r"\| contrast: off \| 1( \| \d+\.\d\d){4} \|  \|")

    def test_other_settings_are_another_run_and_a_stopped_one_goes_on(self):
        self.run_script("--only", "contrast")
        self.script.ROWS[1].settings["optimizer.lr"] = 0.003
        real_call, stopped = self.script.call, []

        def stop_training(arguments, *words, **options):
            if words[0] != "train" or stopped:
                return real_call(arguments, *words, **options)
            stopped.append(real_call(arguments, *words, "--set", "train.steps=6", **options))
            return mock.Mock(returncode=130)

        self.script.call = stop_training
        with self.assertRaises(self.script.Stopped) as stop:
            self.run_script("--only", "contrast")
        self.assertIn("stopped in contrast: off, seed 1", str(stop.exception))
        self.assertEqual(len(self.lines()), 1)
        self.run_script("--only", "contrast")
        first, second = self.lines()
        self.assertNotEqual(first["config"], second["config"])
        metrics = (self.folder / "runs" / second["config"] / "metrics.jsonl").read_text().splitlines()
        self.assertEqual([json.loads(line)["step"] for line in metrics], list(range(1, 13)))
        self.assertIn("| contrast: off | 1 |", self.results.with_suffix(".md").read_text())  # the present settings' alone


if __name__ == "__main__":
    unittest.main()
