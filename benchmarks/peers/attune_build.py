"""attune's side of the comparisons, and its build."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/cpu"
CONTENDER = BUILD / "attune-contender"
PROGRAM = BUILD / "attune"
MODEL = ROOT / "models/small.safetensors"


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "cpu"], cwd=ROOT, check=True)
    subprocess.run(["cmake", "--build", "--preset", "cpu", "--target", "attune-contender", "attune-program"], cwd=ROOT,
                   check=True, stdout=subprocess.DEVNULL)
