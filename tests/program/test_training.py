#!/usr/bin/env python3
"""Training gives the same bits whenever it should: twice, resumed after any kind of end, with other loaders."""

import json
import math
import os
import re
import shutil
import signal
import unittest

import program
import runs

CHECKPOINT_EVERY = program.CONFIG["train"]["checkpoint_every"]


class TrainingTest(runs.RunTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reference = cls.data / "reference"
        result = program.run("train", cls.config, "--out", cls.reference, "--threads", 1)
        assert result.returncode == 0, result.stderr

    def expect_reference(self, folder):
        self.expect_same_run(folder, self.reference)

    def resume(self, folder):
        """Goes on with a stopped run; the step from which it says that it does, None where from the start."""
        result = self.succeed("train", self.config, "--resume", folder, "--threads", 1)
        found = re.search(r"going on after step (\d+)$", result.stderr, re.MULTILINE)
        return int(found.group(1)) if found else None

    def expect_stopped_and_resumed(self, number, expected_code):
        code, folder = self.stop_at(7, number)
        self.assertEqual(code, expected_code)
        last = runs.read_metrics(folder)[-1]["step"]
        self.assertEqual({path.name for path in folder.iterdir()} - {"best.safetensors"},
                         {"config.json", "metrics.jsonl", "last.safetensors", "last.state.safetensors"})
        self.assertIn(f"stopped at step {last};", (self.folder / "stderr").read_text())
        self.assertEqual(self.resume(folder), last)
        self.expect_reference(folder)

    def test_metrics_hold_the_contracts_keys_and_finite_numbers(self):
        metrics, train = runs.read_metrics(self.reference), program.CONFIG["train"]
        self.assertEqual([line["step"] for line in metrics], list(range(1, train["steps"] + 1)))
        for line in metrics:
            keys = {"step", "loss", "loss_rec", "loss_rc", "lr"} | runs.TIMES
            if line["step"] % train["validate_every"] == 0 or line["step"] == train["steps"]:
                keys.add("val")
                self.assertEqual(set(line["val"]), {"psnr", "mse", "fmse"})
            self.assertEqual(set(line), keys)
            for value in [*line.get("val", {}).values(), *(line[key] for key in keys - {"val"})]:
                self.assertTrue(math.isfinite(value), line)
        self.assertTrue((self.reference / "report.html").is_file())

    def test_a_run_may_start_from_a_models_weights(self):
        start = ("--set", f"train.start_from={self.reference / 'best.safetensors'}")
        self.train(self.folder / "still", *start, "--set", "train.steps=1", "--set", "optimizer.lr=0")
        self.assertEqual(program.digest(self.folder / "still/last.safetensors"),
                         program.digest(self.reference / "best.safetensors"))
        self.train(self.folder / "on", *start)
        result = program.run("train", self.config, "--out", self.folder / "other", *start, "--set", "model.slope=0.5")
        self.assertEqual(result.returncode, 3, result.stderr)
        moved = self.folder / "moved.safetensors"
        shutil.copyfile(self.reference / "best.safetensors", moved)
        start_moved = ("--set", f"train.start_from={moved}")
        self.train(self.folder / "resumed", *start_moved, "--set", "train.steps=5")
        moved.unlink()  # the run has its weights
        self.succeed("train", self.config, "--resume", self.folder / "resumed", *start_moved, "--threads", 1)
        first = [runs.read_metrics(folder)[0]["loss_rec"] for folder in (self.folder / "on", self.reference)]
        self.assertNotEqual(*first)  # random weights change nothing at first
        result = program.run("train", self.config, "--out", self.folder / "other", *start, "--set", "model.channels=[4,8]")
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("best.safetensors: weights", result.stderr)
        self.assertFalse((self.folder / "other").exists())

    def test_results_of_a_step_are_harmonized_again_in_the_next(self):
        self.train(self.folder / "once", "--set", "train.second_pass=0", "--set", "train.steps=2")
        losses = [[line["loss_rec"] for line in runs.read_metrics(folder)[:2]]
                  for folder in (self.folder / "once", self.reference)]
        self.assertEqual(losses[0][0], losses[1][0])
        self.assertNotEqual(losses[0][1], losses[1][1])

    def test_a_run_from_before_a_key_was_there_goes_on(self):
        folder = self.folder / "run"
        self.train(folder, "--set", "train.steps=5")
        config = json.loads((folder / "config.json").read_text())
        del config["model"]["head_level"]
        (folder / "config.json").write_text(json.dumps(config))
        result = program.run("train", self.config, "--resume", folder, "--threads", 1, "--set", "model.head_level=0")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("model.head_level was 1 and is 0", result.stderr)
        self.assertEqual(self.resume(folder), 5)

    def test_the_same_seed_gives_the_same_bits(self):
        self.train(self.folder / "again")
        self.expect_reference(self.folder / "again")

    def test_another_seed_gives_others(self):
        self.train(self.folder / "other", "--set", "seed=2", "--set", "train.steps=2")
        losses = [runs.read_metrics(folder)[0]["loss"] for folder in (self.folder / "other", self.reference)]
        self.assertNotEqual(*losses)

    def test_four_loader_threads_give_the_same_bits(self):
        self.train(self.folder / "run", "--set", "train.loader_threads=4")
        self.expect_reference(self.folder / "run")

    def test_the_environments_thread_count_changes_no_bit(self):
        def weights(count):
            folder = self.folder / f"run{count}"
            self.train(folder, "--set", "train.steps=4", threads=2,
                       env={**os.environ, "OMP_NUM_THREADS": str(count)})
            return runs.weights_in(folder)
        self.assertEqual(weights(1), weights(2))

    def test_interrupted_and_resumed(self):
        self.expect_stopped_and_resumed(signal.SIGINT, 130)

    def test_terminated_and_resumed(self):
        self.expect_stopped_and_resumed(signal.SIGTERM, 143)

    def test_stopped_by_a_damaged_picture_and_resumed(self):
        program.make_photos(self.folder / "photos", 12)
        shutil.copytree(self.data / "pairs", self.folder / "pairs")
        config = program.write_config(self.folder / "config.json", program.CONFIG)
        whole, run = self.folder / "whole", self.folder / "run"
        self.succeed("train", config, "--out", whole, "--threads", 1)
        picture = self.folder / "photos/images/photo4.png"  # the seed draws others for six steps
        content = picture.read_bytes()
        picture.write_bytes(content[:100])
        result = program.run("train", config, "--out", run, "--threads", 1)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("photo4.png", result.stderr.splitlines()[-1])
        self.assertEqual(len(runs.read_metrics(run)), CHECKPOINT_EVERY + 1)
        picture.write_bytes(content)
        result = self.succeed("train", config, "--resume", run, "--threads", 1)
        self.assertIn(f"going on after step {CHECKPOINT_EVERY + 1}\n", result.stderr)
        self.assertEqual(runs.weights_in(run), runs.weights_in(whole))

    def test_killed_and_resumed(self):
        code, folder = self.stop_at(CHECKPOINT_EVERY + 2, signal.SIGKILL)
        self.assertEqual(code, -signal.SIGKILL)
        with open(folder / "metrics.jsonl", "a") as log:
            log.write('{"step":8,"time_')  # as a kill in the middle of a write leaves it
        start = self.resume(folder)
        self.assertEqual(start % CHECKPOINT_EVERY, 0)
        self.assertGreaterEqual(start, CHECKPOINT_EVERY)
        self.expect_reference(folder)

    def test_killed_before_the_first_checkpoint(self):
        code, folder = self.stop_at(1, signal.SIGKILL, "--set", "train.checkpoint_every=1000")
        self.assertEqual(code, -signal.SIGKILL)
        result = self.succeed("train", self.config, "--resume", folder, "--threads", 1,
                              "--set", "train.checkpoint_every=1000")
        self.assertIn("no checkpoint yet, starting at step 0", result.stderr)
        self.expect_reference(folder)

    def test_a_finished_run_resumes_to_itself(self):
        self.train(self.folder / "run", "--set", "train.steps=3")
        before = program.files_in(self.folder)
        result = self.succeed("train", self.config, "--resume", self.folder / "run", "--set", "train.steps=3")
        self.assertIn("going on after step 3", result.stderr)
        self.assertEqual(program.files_in(self.folder), before)

    def test_only_the_number_of_steps_may_change(self):
        folder = self.folder / "run"
        self.train(folder, "--set", "train.steps=2")
        before = program.files_in(folder)
        for arguments, named in ((["--resume", folder, "--set", "optimizer.lr=0.5"], "lr was 0.002 and is 0.5"),
                                 (["--resume", folder, "--out", self.folder / "else"], "name two folders"),
                                 (["--out", folder], "holds a run already")):
            result = program.run("train", self.config, *arguments, "--threads", 1)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(named, result.stderr)
        self.assertEqual(program.files_in(folder), before)
        result = self.succeed("train", self.config, "--resume", folder, "--set", "train.steps=3", "--threads", 1)
        self.assertIn("train.steps changes from 2 to 3", result.stderr)
        self.assertEqual([line["step"] for line in runs.read_metrics(folder)], [1, 2, 3])


if __name__ == "__main__":
    unittest.main()
