#!/usr/bin/env python3
"""attune as other programs find it: installed below a prefix, which may be moved, with nothing of the source tree."""

import gzip
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE, BUILD = (pathlib.Path(os.environ[name]) for name in ("ATTUNE_SOURCE_DIR", "ATTUNE_BINARY_DIR"))
CMAKE = os.environ["ATTUNE_CMAKE"]
# Of the shared library; image formats, JSON and the tool's own are not among them.
MAY_NEED = re.compile(r"(libdnnl|libhwy|libgomp|libstdc\+\+|libm|libgcc_s|libc|libcudart|libcublasLt|libcudnn|ld-linux-x86-64)\.so.*")
OTHER_PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(other LANGUAGES CXX)
find_package(attune 0.1 REQUIRED)
add_executable(other {source})
target_include_directories(other SYSTEM PRIVATE /usr/include/stb)
target_link_libraries(other PRIVATE attune::static)
"""


def run(*words, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "timeout": 300, **options}
    done = subprocess.run([str(word) for word in words], **options)
    if done.returncode != 0:
        raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="attune-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = cls.folder / "prefix"
        run(CMAKE, "--install", BUILD, "--prefix", cls.prefix, "--strip")
        (cls.library,) = cls.prefix.glob("lib/**/libattune.so")
        cls.demo = cls.folder / "demo"
        run(os.environ["ATTUNE_DEMO_DATA"], cls.demo)
        cls.image, cls.mask = cls.demo / "composite_images/Garden_1_1.png", cls.demo / "masks/Garden_1.png"
        cls.expected = cls.folder / "expected.png"
        run(cls.prefix / "bin/attune", "harmonize", "--image", cls.image, "--mask", cls.mask, "--out", cls.expected)

    def build(self, source):
        """A CMake project outside of the tree, built against the prefix."""
        project = self.folder / f"{source.name}_project"
        shutil.copytree(source, project)
        build = project / "build"
        run(CMAKE, "-S", project, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Release")
        run(CMAKE, "--build", build)
        return build

    def check_program(self, program, **options):
        """It makes of a real photograph what `attune harmonize` makes of it, and says what is wrong."""
        out = self.folder / f"{program.name}.png"
        self.assertEqual(run(program, self.image, self.mask, out, **options), "")  # the library prints nothing
        self.assertTrue(self.pixels(out) == self.pixels(self.expected))
        self.assertFalse(self.pixels(out) == self.pixels(self.image))
        for words in ((self.image, self.mask), (self.folder / "missing.png", self.mask, out)):
            failed = subprocess.run([program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
            self.assertEqual(failed.returncode, 1)
            self.assertTrue(failed.stderr)

    def pixels(self, path):
        """Its samples, whatever program wrote the PNG."""
        bare = self.folder / "pixels.ppm.png"
        run(self.prefix / "bin/attune", "harmonize", "--image", path, "--mask", self.mask, "--strength", 0, "--out", bare)
        return bare.read_bytes()

    def test_a_c_plus_plus_program(self):
        self.check_program(self.build(SOURCE / "examples/embed") / "embed")

    def test_a_c_program(self):
        self.check_program(self.build(SOURCE / "examples/embed_c") / "embed_c")

    def test_a_program_with_the_static_library(self):
        project = self.folder / "static"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(OTHER_PROJECT.format(source=SOURCE / "examples/embed/embed.cpp"))
        program = self.prefix / "bin/other"  # where it finds the shipped model relative to itself
        shutil.copy(self.build(project) / "other", program)
        self.assertNotIn("libattune", run("ldd", program))
        self.check_program(program)
        program.unlink()

    def test_pkg_config(self):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.library.parent / "pkgconfig")}
        self.assertEqual(run("pkg-config", "--modversion", "attune", env=environment).strip(), "0.1.0")
        flags = run("pkg-config", "--cflags", "--libs", "attune", env=environment).split()
        program = self.folder / "with_pkg_config"
        run("cc", "-std=c99", "-isystem", "/usr/include/stb", SOURCE / "examples/embed_c/embed.c", "-o", program, *flags, "-lm")
        self.check_program(program, env={**os.environ, "LD_LIBRARY_PATH": str(self.library.parent)})

    def test_the_prefix_may_be_moved(self):
        moved = self.folder / "elsewhere/deeper"
        shutil.copytree(self.prefix, moved, symlinks=True)
        out = self.folder / "moved.png"
        run(moved / "bin/attune", "harmonize", "--image", self.image, "--mask", self.mask, "--out", out)
        self.assertTrue(out.read_bytes() == self.expected.read_bytes())
        self.assertIn(str(moved), run(moved / "bin/attune", "info"))

    def test_exported_symbols(self):
        """The C interface and its version, nothing else; all of what the header declares."""
        lines = run("nm", "-D", "--defined-only", self.library).splitlines()
        names = {line.split()[-1].split("@")[0] for line in lines}
        self.assertIn("ATTUNE_1", names)
        exported = names - {"ATTUNE_1"}
        declared = set(re.findall(r"ATTUNE_API [^;(]*?(attune_\w+)\(", (SOURCE / "embed/attune/attune.h").read_text()))
        self.assertGreater(len(declared), 12)
        self.assertEqual(exported, declared)

    def test_the_shared_library(self):
        dynamic = run("readelf", "-d", self.library)
        self.assertIn("[libattune.so.1]", dynamic)
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
        self.assertEqual([name for name in needed if not MAY_NEED.fullmatch(name)], [])
        self.assertNotIn("RUNPATH", dynamic)

    def test_what_is_installed(self):
        files = {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if not path.is_dir()}
        for name in ("bin/attune", "include/attune/attune.h", "include/attune/harmonizer.h",
                     "share/attune/models/small.safetensors"):
            self.assertIn(name, files)
        self.assertEqual({name for name in files if name.startswith("include")},
                         {"include/attune/attune.h", "include/attune/harmonizer.h"})
        for path in self.prefix.rglob("*"):
            if path.suffix in {".cmake", ".pc", ".h"}:
                self.assertNotIn(str(SOURCE), path.read_text(), path)

    def test_the_manual_and_completions_know_every_option(self):
        program, manual = self.prefix / "bin/attune", gzip.open(self.prefix / "share/man/man1/attune.1.gz", "rt").read()
        share = {"bash": "bash-completion/completions/attune", "zsh": "zsh/vendor-completions/_attune",
                 "fish": "fish/vendor_completions.d/attune.fish"}
        texts = {shell: (self.prefix / "share" / path).read_text() for shell, path in share.items()}
        commands = re.findall(r"^  (\w+) {4,}", run(program, "--help").split("Subcommands:")[1], re.MULTILINE)
        self.assertGreater(len(commands), 5)
        for command in commands:
            self.assertIn(f".SS attune {command}\n", manual)
            options = re.findall(r"^  (?:-\w,)?(--[\w-]+)", run(program, command, "--help"), re.MULTILINE)
            self.assertGreater(len(options), 2)
            for option in options:
                self.assertIn(option.replace("-", "\\-"), manual)
                self.assertIn(option, texts["bash"])
                self.assertIn(option, texts["zsh"])
                self.assertIn(f" -l {option[2:]}", texts["fish"])
        self.assertEqual(self.completed("attune", "ha"), ["harmonize"])
        self.assertEqual(self.completed("attune", "harmonize", "--inv"), ["--invert"])
        self.assertEqual(self.completed("attune", "eval", "--protocol", ""), ["full", "gtbg", "idih"])
        self.assertEqual(self.completed("attune", "eval", "--list", ""), [])  # left to the shell: files

    def completed(self, *words):
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _attune; '
                  'printf "%s\\n" "${COMPREPLY[@]}" | sort')
        path = self.prefix / "share/bash-completion/completions/attune"
        return run("bash", "-c", script, "bash", path, *words).split()

    def test_the_kernel_example(self):
        lines = run(os.environ["ATTUNE_KERNEL_EXAMPLE"]).splitlines()
        self.assertEqual(lines, ["foreground: 12 pixels, channel 0 mean 11.5 sd 1.1180, channel 1 mean 111.5 sd 1.1180",
                                 "background: 12 pixels, channel 0 mean 1.5 sd 1.1180, channel 1 mean 101.5 sd 1.1180"])


if __name__ == "__main__":
    unittest.main()
