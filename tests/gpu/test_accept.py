#!/usr/bin/env python3
"""accept itself on the host's CUDA runtime: what passes, and that planted failures end up in its record."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ["ATTUNE_BINARY_DIR"])
BENCH = {"benchmarks": [
    {"name": "stream/copy", "real_time": 2.0, "time_unit": "ms", "GB/s": 3000.0},
    {"name": "norm/forward/f32/9", "error_occurred": True, "error_message": "no such kernel"}]}
# At the host's sizes; PyTorch takes 20 ms.
PATCHES = {"benchmarks": [
    {"name": f"patch_infonce/{direction}/bf16/N2_K16_M16_D256/hot", "real_time": milliseconds, "time_unit": "ms",
     "GB/s": 1.0, "GF/s": 1.0, "ceiling": 0.5, "arithmetic_ceiling": 0.5}
    for direction, milliseconds in (("forward", 1.0), ("backward", 3.0))]}
# In the place of PyTorch, which torch_step.py imports first: it answers and ends.
TORCH = """import json, sys
if "patch_infonce" in sys.argv:
    assert {"--batch": "2", "--rows": "16", "--depth": "256"}.items() <= dict(zip(sys.argv, sys.argv[1:])).items()
print("a warning")
print(json.dumps({"mode": sys.argv[sys.argv.index("--mode") + 1], "images_per_s": 100.0, "milliseconds": 20.0}))
sys.exit(0)
"""


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
        cls.script("attune-on-host", f"""case $1 in
bench) case $7 in
*patch_infonce*) cat > $5 <<'EOF'
{json.dumps(PATCHES)}
EOF
;;
*) cat > $5 <<'EOF'
{json.dumps(BENCH)}
EOF
;;
esac;;
*) echo 'attune: planted: no such loss' >&2; exit 1;;
esac""")
        cls.code, cls.record, cls.page = cls.accept("tests", "parity", "bench", "training", "sanitizer", torch=TORCH)
        cls.parts = {part["name"]: part for part in cls.record["parts"]}

    @classmethod
    def script(cls, name, text):
        path = cls.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    @classmethod
    def accept(cls, *parts, only="", torch="raise ImportError('planted')"):
        out = cls.folder / "out"
        modules = cls.folder / "modules"
        modules.mkdir(exist_ok=True)
        (modules / "torch.py").write_text(torch)
        command = [sys.executable, "-B", HERE / "accept", "--on-host", "--no-build", "--build", cls.folder, "--out", out,
                   "--only", only, "--jobs", "1", "--parts", *parts]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300,
                                env={**os.environ, "PYTHONPATH": str(modules)})
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
        self.assertEqual(self.parts["bench"]["failures"], ["norm/forward/f32/9: no such kernel"])
        attune = [row for row in self.parts["training"]["rows"] if row["by"] == "attune"]
        self.assertEqual([row["why"] for row in attune], ["attune train: exit code 1: attune: planted: no such loss"] * 2)
        self.assertEqual(self.parts["training"]["status"], "failed")

    def test_pytorch_beside_attune(self):
        training = self.parts["training"]
        self.assertEqual([(row["by"], row["contrast"], row.get("images_per_s")) for row in training["rows"]],
                         [(by, contrast, rate) for contrast in (False, True) for by, rate in
                          (("attune", None), ("PyTorch eager", 100), ("PyTorch compile", 100))])
        attune, eager, compiled = training["patch_infonce"]["rows"]
        self.assertEqual(attune, {"by": "attune", "milliseconds": 4, "images_per_s": 500, "share_of_peak": 0.5})
        for row, mode in ((eager, "eager"), (compiled, "compile")):
            self.assertEqual((row["by"], row["mode"]), (f"PyTorch {mode}", mode))
            self.assertAlmostEqual(row["attune_times_as_fast"], 5)
        self.assertIn("| PyTorch eager | 20.000 |  | 5.00 |  |", self.page)

    def test_without_pytorch(self):
        _, record, _ = self.accept("training")
        (training,) = record["parts"]
        peers = [row for row in training["rows"] + training["patch_infonce"]["rows"] if row["by"] != "attune"]
        self.assertEqual({row["why"] for row in peers}, {"torch_step: planted"})
        self.assertEqual(len(peers), 6)
        self.assertFalse([failure for failure in training["failures"] if "PyTorch" in failure])


if __name__ == "__main__":
    unittest.main()
