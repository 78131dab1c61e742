"""What the tests of the program share: running it as a user would, and small data sets.

ctest sets the environment that says where the program is: ctest --preset cpu -R '^program'.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import pictures

PROGRAM = pathlib.Path(os.environ["ATTUNE_PROGRAM"])
ON_HOST = pathlib.Path(os.environ.get("ATTUNE_ON_HOST", ""))  # nameless where it is not built
DEMO_DATA = pathlib.Path(os.environ["ATTUNE_DEMO_DATA"])
SOURCE = pathlib.Path(os.environ["ATTUNE_SOURCE_DIR"])
SHIPPED_MODEL = SOURCE / "models/small.safetensors"
SANITIZED = bool(os.environ.get("ATTUNE_SANITIZE"))
HAS_BENCHMARKS = os.environ.get("ATTUNE_BENCHMARKS") == "1"
# Threads that spin for each other come to a crawl where tests and other work share the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
TIMEOUT = 300 if SANITIZED else 60  # seconds: ends a hanging program, never a slow one

# examples/tiny.json, smaller still.
CONFIG = {
    "model": {"channels": [4, 6]},
    "data": [{"kind": "photos", "path": "photos"}],
    "validation": [{"kind": "iharmony", "path": "pairs", "list": "all.txt"}],
    "train": {"steps": 30, "batch": 2, "size": 32, "second_pass": 1, "checkpoint_every": 5, "validate_every": 12},
    "loss": {"contrast": {"samples": 16, "width": 16, "levels": [0, 1]}},
    "optimizer": {"lr": 0.002, "warmup_steps": 4, "ema_decay": 0.9},
}


def run(*arguments, program=PROGRAM, **options):
    """The finished program, with its output as text."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "timeout": TIMEOUT, **options}
    return subprocess.run([str(program), *map(str, arguments)], **options)


def write_config(path, config):
    path.write_text(json.dumps(config))
    return path


def make_photos(folder, count=3):
    for seed in range(count):
        pictures.write_png(folder / f"images/photo{seed}.png", pictures.photograph(48, 40, seed))
        pictures.write_png(folder / f"masks/photo{seed}.png", pictures.disc(48, 40))


def make_pairs(folder, count=2):
    """Composites with known truth, in iHarmony4's layout."""
    for seed in range(count):
        real, mask = pictures.photograph(48, 40, 10 + seed), pictures.disc(48, 40)
        pictures.write_png(folder / f"real_images/p{seed}.png", real)
        pictures.write_png(folder / f"masks/p{seed}_1.png", mask)
        pictures.write_png(folder / f"composite_images/p{seed}_1_1.png", pictures.darkened(real, mask))
    (folder / "all.txt").write_text("".join(f"p{seed}_1_1.png\n" for seed in range(count)))


def digest(path):
    """Short, since unittest takes hours to show how two long values differ."""
    return hashlib.sha1(path.read_bytes()).hexdigest()


def files_in(folder):
    """Every file below the folder with a digest of its bytes, and every folder."""
    return {str(path.relative_to(folder)): digest(path) if path.is_file() else "folder"
            for path in sorted(folder.rglob("*"))}


class ProgramTest(unittest.TestCase):
    """A class shares one folder of inputs, `data`; each test has its own folder for outputs, `folder`."""

    @classmethod
    def setUpClass(cls):
        cls.data = pathlib.Path(tempfile.mkdtemp(prefix="attune-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.data)
        make_photos(cls.data / "photos")
        make_pairs(cls.data / "pairs")
        cls.config = write_config(cls.data / "config.json", CONFIG)
        cls.composite = cls.data / "pairs/composite_images/p0_1_1.png"
        cls.mask = cls.data / "pairs/masks/p0_1.png"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="attune-test-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def succeed(self, *arguments, **options):
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def train(self, folder, *arguments, threads=1, **options):
        """One thread, since tests run beside each other."""
        return self.succeed("train", self.config, "--out", folder, "--threads", threads, *arguments, **options)
