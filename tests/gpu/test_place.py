#!/usr/bin/env python3
"""Running programs, how the build is configured on a machine with a GPU, and what carry packs for it."""

import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import sys
import tarfile
import tempfile
import time
import unittest
from unittest import mock

import place

HERE = pathlib.Path(__file__).resolve().parent


def load_script(name):
    loader = importlib.machinery.SourceFileLoader(name, str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class RunTest(unittest.TestCase):
    def test_what_takes_too_long_is_ended_with_its_children(self):
        start = time.monotonic()
        with self.assertRaisesRegex(place.Failed, "did not end within"):
            place.run(["sh", "-c", "sleep 60 & sleep 60"], 0.2)
        self.assertLess(time.monotonic() - start, 20)

    def test_what_is_not_there_is_named(self):
        with self.assertRaisesRegex(place.Failed, "/nowhere/attune: No such file"):
            place.run(["/nowhere/attune"], 1)


    def test_parts_leave_time_to_those_after_them(self):
        accept = load_script("accept")
        names = list(accept.PARTS)
        self.assertEqual(set(accept.RESERVED), set(names))
        self.assertEqual(accept.seconds_for("sanitizer", [], 500), 500)
        self.assertEqual(accept.seconds_for("build", ["tests", "sanitizer"], 500), 350)
        self.assertEqual(accept.seconds_for("tests", ["parity", "bench", "training", "sanitizer"], 100), 30)
        self.assertEqual(accept.seconds_for("tests", ["sanitizer"], 10), 10)


class GpuTest(unittest.TestCase):
    """How the build is configured there, by programs that answer as the machine's would."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="attune-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        library = self.folder / "site/nvidia/cudnn/lib/libcudnn.so.9"
        for name, text in (("nvcc", "echo release 13.0, V13.0.88"),
                           ("nvidia-smi", "case $1 in *cap*) echo 9.0;; *driver*) echo 580.1;; *) echo NVIDIA H100;; esac")):
            path = self.folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        library.parent.mkdir(parents=True)
        library.touch()
        (self.folder / "pkgconf").touch()
        with tarfile.open(self.folder / "carried.tar.xz", "w:xz") as archive:
            archive.add(self.folder / "pkgconf", "usr/bin/pkgconf")
        for patch in (mock.patch.dict(os.environ, PATH=f"{self.folder}/bin:{os.environ['PATH']}"),
                      mock.patch.object(sys, "path", [*sys.path, str(self.folder / "site")]),
                      mock.patch.object(place, "CARRIED", self.folder / "carried.tar.xz")):
            patch.start()
            self.addCleanup(patch.stop)
        self.gpu = place.Gpu(self.folder / "build", True, 1)
        self.gpu.carried = self.folder / "prefix"

    def test_machine(self):
        self.assertEqual(self.gpu.describe(), {"on_host": False, "device": "NVIDIA H100", "driver": "580.1",
                                               "compute_capability": "9.0", "nvcc": "13.0"})

    def test_options(self):
        self.gpu.unpack()
        options = self.gpu.options()
        cudnn = self.folder / "site/nvidia/cudnn"
        for expected in ("-DATTUNE_CUDA_ARCHITECTURES=90", f"-DCMAKE_PREFIX_PATH={self.folder}/prefix/usr;{cudnn}",
                         f"-DPKG_CONFIG_EXECUTABLE={self.folder}/prefix/usr/bin/pkgconf",
                         f"-DCMAKE_CUDA_COMPILER={self.folder}/bin/nvcc"):
            self.assertIn(expected, options)
        self.assertIn(f"{cudnn}/lib", self.gpu.environment["LD_LIBRARY_PATH"].split(":"))
        self.assertTrue((self.folder / "prefix/usr/bin/pkgconf").is_file())

    def test_what_is_configured_already_still_gets_its_libraries(self):
        (self.folder / "build").mkdir()
        (self.folder / "build/build.ninja").touch()
        self.gpu.configure(place.Clock(60))
        self.assertTrue((self.folder / "prefix/usr/bin/pkgconf").is_file())

    def test_sanitizers(self):
        with mock.patch.object(place, "tool", lambda name: name):
            commands = self.gpu.sanitizer_commands("gpu.norm")
        self.assertEqual(set(commands), {("memcheck",), ("racecheck",), ("initcheck",), ("synccheck",)})
        self.assertEqual(commands["racecheck",][:3], ["compute-sanitizer", "--tool", "racecheck"])


@unittest.skipUnless(shutil.which("dpkg"), "packs Debian's packages")
class CarryTest(unittest.TestCase):
    def setUp(self):
        self.carry = load_script("carry")

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
