#!/usr/bin/env python3
"""`attune bench --device cuda`, on the CUDA runtime on the host: that rows run and say what they should. Their times mean
nothing there."""

import json
import os
import unittest

import program

ON_HOST = program.ON_HOST
MANAGEMENT_LIBRARY = os.environ.get("ATTUNE_MANAGEMENT_LIBRARY", "")  # the folder of one
# A call that needs no preparation, some that do, and one of a library.
SMALL_ROWS = ["norm/forward/f32/21000", "adamw/step/f32/21000", "patch_sample/scatter/f32/8x12x12x160",
              "masked_style/backward/bf16/8x12x12x160", "matmul/forward/f32/2048x16x256"]
MACHINE_ROWS = {"stream/read": "bytes", "stream/copy": "bytes", "fma/f32": "flops", "fma/bf16": "flops"}


@unittest.skipUnless(ON_HOST.name and program.HAS_BENCHMARKS, "built without attune-bench, or without CUDA on the host")
class BenchOnCudaTest(program.ProgramTest):
    def rows(self, *names, **options):
        """By attune-bench itself, which can be told to be quick."""
        out = self.folder / "rows.json"
        bench = ON_HOST.with_name(ON_HOST.name + "-bench")
        self.succeed("--device=cuda", "--benchmark_min_time=0.0001", f"--benchmark_out={out}",
                     f"--benchmark_filter=^({'|'.join(names)})$", program=bench, **options)
        return json.loads(out.read_text())

    def test_the_tool(self):
        name = "norm/forward/f32/21000"
        result = self.succeed("bench", "--device", "cuda", "--filter", f"^{name}$", "--json", "-", program=ON_HOST)
        (row,) = json.loads(result.stdout)["benchmarks"]
        self.assertEqual(row["name"], name)
        result = program.run("bench", "--device", "cuda:1", program=ON_HOST)
        self.assertEqual(result.returncode, 1, result.stderr)

    def test_ops_cold_and_hot(self):
        names = [name + cache for name in SMALL_ROWS for cache in ("", "/hot")]
        result = self.rows(*names)
        self.assertEqual(result["context"]["attune_device"], "CUDA on the host")
        self.assertEqual({row["name"] for row in result["benchmarks"]}, set(names))
        for row in result["benchmarks"]:
            self.assertNotIn("error_occurred", row)
            self.assertNotIn("event_seconds", row)
            self.assertTrue(0 < row["ceiling"] <= 1, row)
            self.assertAlmostEqual(row["GB/s"] * row["real_time"] * 1e3 / row["bytes"], 1)  # microseconds

    def test_limits_of_the_machine(self):
        rows = self.rows(*MACHINE_ROWS)["benchmarks"]
        self.assertEqual([row["name"] for row in rows], list(MACHINE_ROWS))
        for row in rows:
            self.assertGreater(row[MACHINE_ROWS[row["name"]]], 0)
            self.assertGreater(row["real_time"], 0)
        self.assertEqual(rows[1]["bytes"], 2 * rows[0]["bytes"])

    def test_clocks(self):
        (row,) = self.rows("stream/copy", env={**os.environ, "LD_LIBRARY_PATH": MANAGEMENT_LIBRARY})["benchmarks"]
        self.assertEqual((row["sm_MHz"], row["memory_MHz"]), (1755, 2619))
        self.assertEqual(row["label"], "throttled: power cap, hardware thermal slowdown")

    def test_the_cpu(self):
        out = self.folder / "rows.json"
        self.succeed("bench", "--device", "cpu", "--filter", "^norm/forward/f32/21000", "--json", out, program=ON_HOST)
        self.assertEqual(len(json.loads(out.read_text())["benchmarks"]), 1)


if __name__ == "__main__":
    unittest.main()
