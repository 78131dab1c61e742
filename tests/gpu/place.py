"""Where acceptance runs: on a GPU, or here with tests/cuda_on_host in its place. And running programs within a time."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CARRIED = ROOT / "build/carry/attune-carry.tar.xz"
TOOLKIT = pathlib.Path("/usr/local/cuda/bin")
# Tests of other things than one op's kernels.
NO_OPS = {"runtime", "streams", "graphs", "training", "parity", "device_pictures", "device_tiles"}


class Failed(Exception):
    """A part could not be carried out; says why."""


class Finished:
    def __init__(self, code, output, seconds):
        self.code, self.output, self.seconds = code, output, seconds


class Clock:
    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def left(self):
        return max(0.0, self.end - time.monotonic())


def run(command, seconds, environment=None, folder=ROOT):
    """The finished program, stdout and stderr together. Ends it and what it started where it takes too long."""
    words = [str(word) for word in command]
    if seconds <= 0:
        raise Failed(f"no time left for {pathlib.Path(words[0]).name}")
    start = time.monotonic()
    try:
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, errors="replace", start_new_session=True)
    except OSError as error:
        raise Failed(f"{words[0]}: {error.strerror}") from error
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Failed(f"{pathlib.Path(words[0]).name} did not end within {seconds:.0f} s") from error
    return Finished(process.returncode, output, time.monotonic() - start)


def tail(output, lines=3):
    return " | ".join([line.strip() for line in output.splitlines() if line.strip()][-lines:]) or "no output"


def tool(name):
    """A program of the CUDA Toolkit, which need not be on the path."""
    found = shutil.which(name) or shutil.which(name, path=str(TOOLKIT))
    if not found:
        raise Failed(f"{name} is neither on the path nor in {TOOLKIT}")
    return found


class Place:
    """What both have in common. `build`: False where everything is there already.

    `bench_filters`: a run of attune bench each. `patches`: of patch_infonce beside PyTorch's; attune bench has that row
    (machine_cuda.cpp)."""

    def __init__(self, folder, build, jobs):
        self.folder, self.wants_build, self.jobs = folder, build, jobs
        self.environment = dict(os.environ, OMP_WAIT_POLICY="passive")

    def program(self):
        return self.folder / self.program_name

    def program_target(self):
        return "attune-program" if self.program_name == "attune" else self.program_name

    def configure(self, clock):
        if (self.folder / "build.ninja").exists():
            return
        command = ["cmake", "-S", ROOT, "-B", self.folder, "-G", "Ninja", *self.options()]
        result = run(command, clock.left(), self.environment)
        if result.code != 0:
            (self.folder / "build.ninja").unlink(missing_ok=True)
            raise Failed(f"cmake: {tail(result.output, 8)}")

    def build(self, clock, targets):
        """Configures where needed and builds the targets: each part builds what it needs, so that it runs alone. What does
        not compile stops no other target."""
        if not self.wants_build:
            return
        self.configure(clock)
        command = ["cmake", "--build", self.folder, "-j", self.jobs, "--target", *targets, "--", "-k", "0"]
        result = run(command, clock.left(), self.environment)
        if result.code != 0:
            errors = [line for line in result.output.splitlines() if re.search(r"\berror\b|FAILED", line)]
            raise Failed(f"build: {tail(chr(10).join(errors[:4]) or result.output, 4)}")

    def tests(self, clock, only=""):
        """The names of the tests that judge this device."""
        if self.wants_build:
            self.configure(clock)
        result = run(["ctest", "--test-dir", self.folder, "--show-only=json-v1"], clock.left(), self.environment)
        if result.code != 0:
            raise Failed(f"ctest: {tail(result.output)}")
        names = [test["name"] for test in json.loads(result.output[result.output.index("{"):])["tests"]]
        names = [name for name in names if name.startswith(self.prefix + ".") and re.search(only, name)]
        if not names:
            raise Failed(f"no test is called {self.prefix}.*{only}")
        return names

    def op_tests(self, clock, only=""):
        return [name for name in self.tests(clock, only) if name.split(".", 1)[1] not in NO_OPS]


class Host(Place):
    """attune's CUDA backend on the CPU, with tiny sizes."""

    prefix, program_name, device = "cuda_on_host", "attune-on-host", "cuda"
    bench_program, bench_device = "attune-on-host", "cuda"
    bench_filters = {"rows": "^norm/.*/21000|/2x16x16x64"}
    bench_targets = ("attune-on-host", "attune-on-host-bench")
    training = {"channels": [8, 12, 16], "batch": 2, "size": 32, "steps": 4, "loader_threads": 1,
                "samples": 16, "width": 16}
    patches = {"batch": 2, "rows": 16, "depth": 256}
    torch_device = "cpu"
    parity_networks = 6
    sanitizers_have_summaries = False

    def __init__(self, folder, build, jobs):
        super().__init__(folder or ROOT / "build/cpu", build, jobs)

    def options(self):
        return []

    def sanitizer_commands(self, test):
        """One run shows what all four tools look for."""
        return {("memcheck", "racecheck", "initcheck", "synccheck"): [self.folder / f"test.{test}"]}

    def describe(self):
        return {"on_host": True, "device": "cuda_on_host"}


class Gpu(Place):
    prefix, program_name, device = "gpu", "attune", "cuda"
    bench_targets = ("attune-program", "attune-bench")
    bench_program, bench_device = "attune", "cuda"
    bench_filters = {path.name: f"^{path.name}/" for path in sorted(ROOT.glob("kernels/*/")) if path.is_dir()}
    training = {"channels": [32, 64, 128, 256, 512], "batch": 16, "size": 256, "steps": 80, "loader_threads": 14,
                "samples": 256, "width": 256}
    patches = {"batch": 16, "rows": 4096, "depth": 256}
    torch_device = "cuda"
    parity_networks = 60
    sanitizers_have_summaries = True

    def __init__(self, folder, build, jobs):
        super().__init__(folder or ROOT / "build/gpu", build, jobs)
        self.carried = ROOT / "build/carry/prefix"
        # What libraries need themselves (libdnnl OpenCL, cuDNN cuBLAS), which no executable's own search path leads to.
        libraries = [self.carried / "usr/lib/x86_64-linux-gnu", *(path / "lib" for path in self.wheels()),
                     TOOLKIT.parent / "lib64"]
        paths = [*map(str, libraries), *os.environ.get("LD_LIBRARY_PATH", "").split(":")]
        self.environment.update(LD_LIBRARY_PATH=":".join(path for path in paths if path))

    def configure(self, clock):
        self.unpack()  # also where a new archive took the place of what was unpacked
        super().configure(clock)

    def options(self):
        prefixes = [self.carried / "usr", *self.wheels()]
        return ["-DATTUNE_CUDA=ON", "-DCMAKE_CXX_FLAGS=-w",  # another compiler's warnings are not judged here
                f"-DCMAKE_CUDA_COMPILER={tool('nvcc')}", f"-DATTUNE_CUDA_ARCHITECTURES={self.architecture()}",
                f"-DCMAKE_PREFIX_PATH={';'.join(map(str, prefixes))}", *self.pkg_config()]

    def unpack(self):
        """What tests/gpu/carry packed; a machine with the Debian packages does without."""
        if CARRIED.exists() and not self.carried.exists():
            unfinished = self.carried.with_name("unfinished")
            with tarfile.open(CARRIED) as archive:
                archive.extractall(unfinished)
            unfinished.rename(self.carried)

    def pkg_config(self):
        carried = self.carried / "usr/bin/pkgconf"
        return [f"-DPKG_CONFIG_EXECUTABLE={carried}"] if carried.exists() else []

    @staticmethod
    def wheels():
        """Where PyTorch's packages keep cuDNN."""
        return sorted(path for base in sys.path if base for path in pathlib.Path(base).glob("nvidia/*")
                      if any(path.glob("lib/libcudnn.so*")))

    @staticmethod
    def query(field):
        result = run([shutil.which("nvidia-smi") or "nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader"], 60)
        if result.code != 0:
            raise Failed(f"nvidia-smi: {tail(result.output)}")
        return result.output.splitlines()[0].strip()

    def architecture(self):
        return self.query("compute_cap").replace(".", "")

    def sanitizer_commands(self, test):
        program = self.folder / f"test.{test}"
        return {(name,): [tool("compute-sanitizer"), "--tool", name, "--print-limit", "10", program]
                for name in ("memcheck", "racecheck", "initcheck", "synccheck")}

    def describe(self):
        nvcc = run([tool("nvcc"), "--version"], 60).output
        return {"on_host": False, "device": self.query("name"), "driver": self.query("driver_version"),
                "compute_capability": self.query("compute_cap"), "nvcc": re.search(r"release ([\d.]+)|$", nvcc).group(1)}
