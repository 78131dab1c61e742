#!/usr/bin/env python3
"""Tests of accept and carry: what they read from each tool, and that a planted fault ends up in the record."""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import place  # noqa: E402
import reading  # noqa: E402
import report  # noqa: E402

BUILD = pathlib.Path(os.environ["ATTUNE_BINARY_DIR"])

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
    {"name": "stream/copy", "run_type": "iteration", "real_time": 2.0, "time_unit": "ms", "GB/s": 3000.0},
    {"name": "norm/forward/f32/9", "run_type": "iteration", "real_time": 5.0, "time_unit": "us", "GB/s": 1500.0,
     "ceiling": 0.5},
    {"name": "adamw/forward/f32/9", "run_type": "iteration", "error_occurred": True, "error_message": "no such kernel"}]}


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
        copy, norm, adamw = table["rows"]
        self.assertEqual(table["copy_GB/s"], 3000)
        self.assertEqual((copy["microseconds"], copy["share_of_copy"]), (2000, 1))
        self.assertEqual((norm["microseconds"], norm["share_of_copy"], norm["ceiling"]), (5, 0.5, 0.5))
        self.assertEqual(adamw["why"], "no such kernel")

    def test_training(self):
        rates = (1, 90, 100, 110)
        lines = [{"step": step, "loss": 1 / step, "images_per_s": rate} for step, rate in enumerate(rates, 1)]
        read = reading.read_training("".join(json.dumps(line) + "\n" for line in lines))
        self.assertEqual(read, {"images_per_s": 100, "steps": 4, "loss_first": 1, "loss_last": 0.25})
        for bad in ("", '{"step": 1, "loss": NaN, "images_per_s": 5}\n'):
            self.assertRaises(ValueError, reading.read_training, bad)

    def test_markdown(self):
        part = {"name": "bench", "status": "failed", "seconds": 1, "failures": ["adamw: no such kernel"],
                **reading.read_bench(json.dumps(BENCH))}
        page = report.markdown({"passed": False, "machine": {"device": "H100"}, "seconds": 2, "parts": [part]})
        self.assertIn("# Acceptance: FAILED", page)
        self.assertIn("| norm/forward/f32/9 | 5.0 | 1500.0 | 50% | 50% |  |", page)
        self.assertIn("- bench: adamw: no such kernel", page)


class RunTest(unittest.TestCase):
    def test_what_takes_too_long_is_ended_with_its_children(self):
        start = time.monotonic()
        with self.assertRaisesRegex(place.Failed, "did not end within"):
            place.run(["sh", "-c", "sleep 60 & sleep 60"], 0.2)
        self.assertLess(time.monotonic() - start, 20)

    def test_what_is_not_there_is_named(self):
        with self.assertRaisesRegex(place.Failed, "/nowhere/attune: No such file"):
            place.run(["/nowhere/attune"], 1)


class OnHostTest(unittest.TestCase):
    """The script itself, in a folder that has the build's tests of norm and, planted, one with a race."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="attune-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        norm, runtime = (BUILD / f"test.cuda_on_host.{name}" for name in ("norm", "runtime"))
        tests = {"norm": norm, "planted": cls.folder / "test.cuda_on_host.planted"}
        (cls.folder / "CTestTestfile.cmake").write_text(
            "".join(f'add_test(cuda_on_host.{name} "{path}")\n' for name, path in tests.items()))
        cls.script("test.cuda_on_host.norm", f'exec "{norm}"')
        cls.script(f"test.cuda_on_host.planted", f'exec "{runtime}" "[planted]"')
        cls.script("attune-on-host", "echo 'attune: planted: no such loss' >&2; exit 1")
        cls.script("attune", f"cat > $5 <<'EOF'\n{json.dumps(BENCH)}\nEOF")
        cls.code, cls.record, cls.page = cls.accept("tests", "parity", "bench", "training", "sanitizer")
        cls.parts = {part["name"]: part for part in cls.record["parts"]}

    @classmethod
    def script(cls, name, text):
        path = cls.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    @classmethod
    def accept(cls, *parts, only=""):
        out = cls.folder / "out"
        command = [sys.executable, "-B", HERE / "accept", "--on-host", "--no-build", "--build", cls.folder, "--out", out,
                   "--only", only, "--jobs", "1", "--parts", *parts]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300)
        return result.returncode, json.loads((out / "accept.json").read_text()), (out / "accept.md").read_text()

    def test_what_passes(self):
        code, record, page = self.accept("tests", "sanitizer", only="norm")
        self.assertEqual(code, 0)
        self.assertTrue(record["passed"])
        self.assertTrue(record["machine"]["on_host"])
        self.assertEqual([part["status"] for part in record["parts"]], ["passed", "passed"])
        self.assertEqual([row["test"] for row in record["parts"][0]["tests"]], ["cuda_on_host.norm"])
        self.assertEqual(set(record["parts"][1]["tools"]), {"memcheck", "racecheck", "initcheck", "synccheck"})
        self.assertIn("# Acceptance: passed", page)

    def test_a_failure_fails_the_whole_and_stops_no_part(self):
        self.assertEqual(self.code, 1)
        self.assertFalse(self.record["passed"])
        self.assertEqual(list(self.parts), ["tests", "parity", "bench", "training", "sanitizer"])
        self.assertIn("# Acceptance: FAILED", self.page)

    def test_a_planted_race_fails_its_test(self):
        status = {row["test"]: row["status"] for row in self.parts["tests"]["tests"]}
        self.assertEqual(status, {"cuda_on_host.norm": "passed", "cuda_on_host.planted": "failed"})
        [failure] = self.parts["tests"]["failures"]
        self.assertTrue(failure.startswith("cuda_on_host.planted: race on shared slots"), failure)
        self.assertIn(failure, self.page)

    def test_a_planted_race_shows_under_racecheck_alone(self):
        tools = self.parts["sanitizer"]["tools"]
        errors = {tool: {row["test"]: row["errors"] for row in rows} for tool, rows in tools.items()}
        self.assertEqual(errors["racecheck"], {"cuda_on_host.norm": 0, "cuda_on_host.planted": 1})
        for tool in ("memcheck", "initcheck", "synccheck"):
            self.assertEqual(set(errors[tool].values()), {0})
        self.assertEqual(self.parts["sanitizer"]["status"], "failed")

    def test_a_test_that_is_not_there_has_not_passed(self):
        self.assertEqual(self.parts["parity"]["failures"], ["cuda_on_host.parity: ctest has not run it"])

    def test_planted_failures_of_the_programs(self):
        self.assertEqual(self.parts["bench"]["failures"], ["adamw/forward/f32/9: no such kernel"])
        attune = [row for row in self.parts["training"]["rows"] if row["by"] == "attune"]
        self.assertEqual([row["why"] for row in attune], ["attune train: exit code 1: attune: planted: no such loss"] * 2)
        self.assertEqual(self.parts["training"]["status"], "failed")


@unittest.skipUnless(shutil.which("dpkg"), "packs Debian's packages")
class CarryTest(unittest.TestCase):
    def setUp(self):
        loader = importlib.machinery.SourceFileLoader("carry", str(HERE / "carry"))
        self.carry = importlib.util.module_from_spec(importlib.util.spec_from_loader("carry", loader))
        loader.exec_module(self.carry)

    def test_places(self):
        for path, expected in (("/usr/include/x86_64-linux-gnu/jconfig.h", "usr/include/jconfig.h"),
                               ("/lib/x86_64-linux-gnu/libz.so.1", "usr/lib/x86_64-linux-gnu/libz.so.1"),
                               ("/usr/include/zlib.h", "usr/include/zlib.h")):
            self.assertEqual(self.carry.place_of(path), expected)
        self.assertTrue(self.carry.wanted("/usr/share/doc/libpng-dev/copyright"))
        self.assertFalse(self.carry.wanted("/usr/share/doc/libpng-dev/changelog.gz"))

    def test_pkg_config_files_move(self):
        text = "prefix=/usr\nlibdir=${prefix}/lib\nincludedir=/usr/include\n"
        self.assertEqual(self.carry.movable(text, "usr/share/pkgconfig/x.pc"),
                         "prefix=${pcfiledir}/../..\nlibdir=${prefix}/lib\nincludedir=${pcfiledir}/../../include\n")

    def test_an_archive_has_headers_libraries_and_licences(self):
        with tempfile.TemporaryDirectory(prefix="attune-test-") as folder:
            target = pathlib.Path(folder, "carry/small.tar.xz")
            self.carry.pack(target, ("libhwy-dev", "libhwy1"))
            with tarfile.open(target) as archive:
                names = set(archive.getnames())
                archive.extractall(folder)
            libraries = pathlib.Path(folder, "usr/lib/x86_64-linux-gnu")
            self.assertTrue((libraries / "libhwy.so").resolve().is_file())
            self.assertIn("pcfiledir", (libraries / "pkgconfig/libhwy.pc").read_text())
            self.assertLessEqual({"usr/include/hwy/highway.h", "usr/share/doc/libhwy1/copyright"}, names)


if __name__ == "__main__":
    unittest.main()
