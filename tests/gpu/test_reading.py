#!/usr/bin/env python3
"""What accept reads from each tool's output, here of canned text, and the page that it writes."""

import json
import unittest

import reading
import report

JUNIT = """<?xml version="1.0"?><testsuite>
<testcase name="gpu.norm" time="1.5" status="run"><system-out>All tests passed</system-out></testcase>
<testcase name="gpu.adamw" time="0.1" status="run"><system-out>schedule.h:21: warning:
  skipped: no CUDA
  device</system-out></testcase>
<testcase name="gpu.matmul" time="2" status="fail"><failure message=""/><system-out>matmul_test.cpp:9: FAILED:
  CHECK( error &lt;= 1e-5 )
with expansion:
  0.5 &lt;= 0.00001</system-out></testcase>
<testcase name="gpu.resample" time="0" status="notrun"><skipped message="Unable to find executable"/></testcase>
</testsuite>"""

# As compute-sanitizer of CUDA 13 writes them.
CLEAN = "========= COMPUTE-SANITIZER\nAll tests passed\n========= ERROR SUMMARY: 0 errors\n"
INVALID_WRITE = """========= COMPUTE-SANITIZER
========= Invalid __global__ write of size 4 bytes
=========     at planted_kernel(float *)+0x70 in planted.cu:12
=========     by thread (0,0,0) in block (1,0,0)
========= ERROR SUMMARY: 32 errors
"""
RACE = """========= COMPUTE-SANITIZER
========= Error: Race reported between Write access at kernel+0x120 in planted.cu:20
=========     and Read access at kernel+0x150 in planted.cu:21 [256 hazards]
========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)
"""
NO_RACE = "========= COMPUTE-SANITIZER\n========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)\n"
ON_HOST_RACE = """norm_test.cpp:9: FAILED:
due to unexpected exception with message:
  kernel: race
  on shared slots + 4 bytes, in planted_kernel, block 0, thread 1 writes it
"""

BENCH = {"benchmarks": [
    {"name": "stream/copy", "run_type": "iteration", "real_time": 2.0, "time_unit": "ms", "bytes": 6e9},
    {"name": "norm/forward/f32/9", "run_type": "iteration", "real_time": 5.0, "time_unit": "us", "GB/s": 1500.0,
     "GF/s": 20.0, "ceiling": 0.5, "arithmetic_ceiling": 0.25},
    {"name": "patch_infonce/forward/bf16/K9", "run_type": "iteration", "real_time": 2.0, "time_unit": "us", "GB/s": 30.0,
     "GF/s": 4000.0, "ceiling": 0.4, "arithmetic_ceiling": 0.4},
    {"name": "patch_infonce/backward/bf16/K9", "run_type": "iteration", "real_time": 6.0, "time_unit": "us", "GB/s": 15.0,
     "GF/s": 6000.0, "ceiling": 0.6, "arithmetic_ceiling": 0.6},
    {"name": "adamw/forward/f32/9", "run_type": "iteration", "error_occurred": True, "error_message": "no such kernel"}]}


PATCHES = ["patch_infonce/forward/bf16/K9", "patch_infonce/backward/bf16/K9"]


class ReadingTest(unittest.TestCase):
    def test_ctest(self):
        norm, adamw, matmul, resample = reading.read_ctest(JUNIT)
        self.assertEqual(norm, {"test": "gpu.norm", "status": "passed", "seconds": 1.5})
        self.assertEqual((adamw["status"], adamw["why"]), ("not run", reading.SKIPPED))
        self.assertEqual(matmul["status"], "failed")
        self.assertIn("CHECK( error <= 1e-5 ) with expansion: 0.5 <= 0.00001", matmul["why"])
        self.assertEqual(resample["status"], "not run")

    def test_sanitizer(self):
        for tool, code, output, errors, why in (
                ("memcheck", 0, CLEAN, 0, None), ("racecheck", 0, NO_RACE, 0, None),
                ("memcheck", 0, INVALID_WRITE, 32, "Invalid __global__ write of size 4 bytes"),
                ("racecheck", 0, RACE, 1, "Error: Race reported between Write access"),
                ("memcheck", 255, "Device not supported", 1, "memcheck wrote no summary: Device not supported"),
                ("synccheck", 1, "x_test.cpp:9: FAILED:\n  CHECK( false )\n" + CLEAN, 1,
                 "exit code 1: x_test.cpp:9: FAILED: CHECK( false )"),
                ("initcheck", 0, "skipped: no CUDA device\n" + CLEAN, 1, reading.SKIPPED)):
            found = reading.read_sanitizer(tool, code, output, has_summary=True)
            self.assertEqual(found["errors"], errors, output)
            self.assertTrue(found.get("why", "").startswith(why or ""), found)
            self.assertEqual("why" in found, why is not None)

    def test_the_hosts_runtime_in_a_sanitizers_place(self):
        found = reading.read_sanitizer("racecheck", 42, ON_HOST_RACE, has_summary=False)
        self.assertEqual(found["errors"], 1)
        self.assertTrue(found["why"].startswith("race on shared slots + 4 bytes"), found)
        for tool in ("memcheck", "initcheck", "synccheck"):
            self.assertEqual(reading.read_sanitizer(tool, 42, ON_HOST_RACE, has_summary=False), {"errors": 0})
            self.assertEqual(reading.read_sanitizer(tool, 0, "All tests passed", has_summary=False), {"errors": 0})
            self.assertEqual(reading.read_sanitizer(tool, -11, "", has_summary=False)["errors"], 1)

    def test_bench(self):
        table = reading.read_bench(json.dumps(BENCH))
        copy, norm, forward, _, adamw = table["rows"]
        self.assertEqual(table["copy_GB/s"], 3000)
        self.assertEqual((copy["microseconds"], copy["share_of_copy"]), (2000, 1))
        self.assertEqual((norm["microseconds"], norm["share_of_copy"], norm["ceiling"]), (5, 0.5, 0.5))
        self.assertEqual((forward["GF/s"], forward["share_of_peak"]), (4000, 0.4))
        self.assertEqual(adamw["why"], "no such kernel")

    def test_rows_that_are_one_piece_of_work(self):
        rows = reading.read_bench(json.dumps(BENCH))["rows"]
        both = reading.add_up(rows, PATCHES, 16)
        self.assertAlmostEqual(both["milliseconds"], 0.008)
        self.assertAlmostEqual(both["images_per_s"], 2e6)
        self.assertAlmostEqual(both["share_of_peak"], (2 * 0.4 + 6 * 0.6) / 8)
        with self.assertRaisesRegex(ValueError, "adamw/forward/f32/9: no such kernel"):
            reading.add_up(rows, [*PATCHES, "adamw/forward/f32/9"], 16)
        with self.assertRaisesRegex(ValueError, "expected the rows patch_infonce/forward/f32/K9"):
            reading.add_up(rows, ["patch_infonce/forward/f32/K9"], 16)

    def test_times_as_fast(self):
        rows = [{"images_per_s": 30}, {"images_per_s": 20}, {"why": "no PyTorch"}]
        reading.compare(rows)
        self.assertEqual(rows, [{"images_per_s": 30}, {"images_per_s": 20, "attune_times_as_fast": 1.5},
                                {"why": "no PyTorch"}])
        rows = [{"why": "no such kernel"}, {"images_per_s": 20}]
        reading.compare(rows)
        self.assertEqual(rows[1], {"images_per_s": 20})

    def test_training(self):
        rates = (1, 90, 100, 110)
        lines = [{"step": step, "loss": 1 / step, "images_per_s": rate} for step, rate in enumerate(rates, 1)]
        read = reading.read_training("".join(json.dumps(line) + "\n" for line in lines))
        self.assertEqual(read, {"images_per_s": 100, "steps": 4, "loss_first": 1, "loss_last": 0.25})
        for bad in ("", '{"step": 1, "loss": NaN, "images_per_s": 5}\n'):
            self.assertRaises(ValueError, reading.read_training, bad)

    @staticmethod
    def page(part):
        return report.markdown({"passed": False, "machine": {"device": "H100"}, "seconds": 2, "parts": [part]})

    def test_markdown(self):
        part = {"name": "bench", "status": "failed", "seconds": 1, "failures": ["adamw: no such kernel"],
                "copy_GB/s": [3000], "rows": reading.read_bench(json.dumps(BENCH))["rows"]}
        page = self.page(part)
        self.assertIn("# Acceptance: FAILED", page)
        self.assertIn("Copy: 3000 GB/s.", page)
        self.assertIn("| row | us | GB/s | of the copy | GFLOP/s | of the peak | of the ceiling |  |", page)
        self.assertIn("| norm/forward/f32/9 | 5.0 | 1500.0 | 50% |  |  | 50% |  |", page)
        self.assertIn("| patch_infonce/forward/bf16/K9 | 2.0 | 30.0 | 1% | 4000.0 | 40% | 40% |  |", page)
        self.assertIn("- bench: adamw: no such kernel", page)

    def test_markdown_of_training(self):
        part = {"name": "training", "status": "passed", "seconds": 1, "failures": [], "rows": [
            {"contrast": True, "by": "attune", "images_per_s": 300.0},
            {"contrast": True, "by": "PyTorch compile", "images_per_s": 200.0, "attune_times_as_fast": 1.5}],
            "patch_infonce": {"rows": [{"by": "attune", "milliseconds": 4.0, "share_of_peak": 0.5},
                                       {"by": "PyTorch eager", "milliseconds": 20.0, "attune_times_as_fast": 5.0},
                                       {"by": "PyTorch compile", "why": "no PyTorch"}]}}
        page = self.page(part)
        for line in ("| attune | with | 300.0 |  |  |", "| PyTorch compile | with | 200.0 | 1.50 |  |",
                     "| attune | 4.000 | 50% |  |  |", "| PyTorch eager | 20.000 |  | 5.00 |  |",
                     "| PyTorch compile |  |  |  | no PyTorch |"):
            self.assertIn(line, page)


if __name__ == "__main__":
    unittest.main()
