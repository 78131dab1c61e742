#!/usr/bin/env python3
"""`attune bench --device cuda`, on the CUDA runtime on the host: that rows run and say what they should. Their times mean
nothing there."""

import json
import os
import re
import unittest

import program

ON_HOST = program.ON_HOST
MANAGEMENT_LIBRARY = os.environ.get("ATTUNE_MANAGEMENT_LIBRARY", "")  # the folder of one
# A call that needs no preparation, some that do, and one of a library.
SMALL_ROWS = ["norm/forward/f32/21000", "adamw/step/f32/21000", "patch_sample/scatter/f32/8x12x12x160",
              "masked_style/backward/bf16/8x12x12x160", "matmul/forward/f32/2048x16x256"]
# A row in f32 of each memory-bound op at the size by which a GPU is judged, as small as it is on the host.
GPU_ROWS = ["blend_output/forward/f32/2x16x16x3", "blend_output/backward/f32/2x16x16x3",
            "color_transform/forward/f32/2x16x16x3", "color_transform/backward/f32/2x16x16x3",
            "image_bias/forward/f32/2x16x16x64", "image_bias/backward/f32/2x16x16x64",
            "masked_style/forward/f32/2x16x16x64", "masked_style/backward/f32/2x16x16x64",
            "pack_input/forward/f32/2x16x16x4", "pack_input/backward/f32/2x16x16x4",
            "patch_sample/gather/f32/2x16x16x64", "patch_sample/scatter/f32/2x16x16x64",
            "resample/forward/f32/map_2x8x8x64_to_16", "resample/backward/f32/map_2x8x8x64_to_16",
            "style_fusion/forward/f32/2x16x16x64", "style_fusion/backward/f32/2x16x16x64",
            "upsample_concat/forward/f32/2x16x16x32+32", "upsample_concat/backward/f32/2x16x16x32+32"]
# Which have no bf16.
GPU_ROWS_F32 = ["patch_sample/draw/f32/2x16x16", "reconstruction/forward/f32/2x16x16x3",
                "reconstruction/backward/f32/2x16x16x3"]
PATCHES_ROWS = ["patch_infonce/forward/f32/N2_K16_M16_D256", "patch_infonce/backward/f32/N2_K16_M16_D256"]
MACHINE_ROWS = {"stream/read": "bytes", "stream/copy": "bytes", "fma/f32": "flops", "fma/bf16": "flops"}


def in_bf16(names):
    return [name.replace("/f32/", "/bf16/") for name in names]


@unittest.skipUnless(ON_HOST.name and program.HAS_BENCHMARKS, "built without attune-bench, or without CUDA on the host")
class BenchOnCudaTest(program.ProgramTest):
    # attune-bench itself, which can be told to be quick.
    BENCH = ON_HOST.parent / f"{ON_HOST.name}-bench"

    def rows(self, *names, device="cuda", **options):
        out = self.folder / "rows.json"
        self.succeed(f"--device={device}", "--benchmark_min_time=0.0001", f"--benchmark_out={out}",
                     f"--benchmark_filter=^({'|'.join(map(re.escape, names))})$", program=self.BENCH, **options)
        return json.loads(out.read_text())

    def names(self, device):
        return self.succeed(f"--device={device}", "--benchmark_list_tests", program=self.BENCH).stdout.split()

    def test_the_tool(self):
        name = "norm/forward/f32/21000"
        picture = self.folder / "roofline.svg"
        result = self.succeed("bench", "--device", "cuda", "--filter", f"^{name}", "--json", "-", "--roofline", picture,
                              program=ON_HOST)
        names = [row["name"] for row in json.loads(result.stdout)["benchmarks"]]
        self.assertEqual(names, [name, f"{name}/hot"])
        for text in (*names, "CUDA on the host, ", "stream read ", "FMA bf16 "):
            self.assertIn(text, picture.read_text())
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
            self.assertGreater(row["noise"], 0, row)
            self.assertTrue(0 < row["ceiling"] <= 1, row)
            self.assertTrue(min(row["arithmetic_ceiling"], 1) <= row["ceiling"], row)
            for rate, work in (("GB/s", "bytes"), ("GF/s", "flops")):
                self.assertAlmostEqual(row[rate] * row["real_time"] * 1e3, row[work], delta=1e-6 * row[work])

    def test_sizes_that_a_gpu_alone_is_asked_for(self):
        names = GPU_ROWS + in_bf16(GPU_ROWS) + GPU_ROWS_F32
        patches = PATCHES_ROWS + in_bf16(PATCHES_ROWS)
        large = re.compile(r"/(map_)?2x|/N2_")
        self.assertEqual({name for name in self.names("cuda") if large.search(name)},
                         {name + cache for name in names + patches for cache in ("", "/hot")})
        self.assertEqual([name for name in self.names("cpu") if large.search(name) or "16x256x256" in name], [])
        rows = self.rows(*names)["benchmarks"]
        self.assertEqual({row["name"] for row in rows}, set(names))
        for row in rows:
            self.assertNotIn("error_occurred", row)

    def test_what_rows_are_judged_by(self):
        norm, matmul, f32, bf16 = ("norm/forward/f32/21000", "matmul/forward/bf16/2048x16x256",
                                   PATCHES_ROWS[0], *in_bf16(PATCHES_ROWS[:1]))
        peak = self.peaks(norm, matmul, f32, bf16)
        self.assertAlmostEqual(peak[f32] / peak[norm], 1)
        self.assertAlmostEqual(peak[bf16] / peak[matmul], 1)  # tensor cores
        self.assertNotAlmostEqual(peak[bf16] / peak[f32], 1)
        cpu = "patch_infonce/forward/bf16/K256_M256_D256"
        peak = self.peaks(norm, cpu, device="cpu")
        self.assertAlmostEqual(peak[cpu] / peak[norm], 1)  # widened to f32

    def peaks(self, *names, device="cuda"):
        """The rates of multiply-adds, in GF/s."""
        rows = self.rows(*names, device=device)["benchmarks"]
        return {row["name"]: row["GF/s"] / row["arithmetic_ceiling"] for row in rows}

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
