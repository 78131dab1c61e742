"""The memory that a contender takes at its peak beyond inputs and outputs, in a process of its own.

    peak_memory.py CONTEST PEER THREADS: prints a peer's bytes.

Everybody makes and runs the contest twice, and the second time counts: libraries are loaded and code is compiled by then.
"""

import ctypes
import gc
import pathlib
import re
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file

from contender_process import MEMORY_ENVIRONMENT, peak_bytes
from contests import contests


def resident_bytes(field):
    """What there is (VmRSS), or the most since forget_peak() (VmHWM)."""
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE).group(1))


def forget_peak():
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def output_bytes(outputs):
    return sum(output.nbytes for output in outputs.values())


def extra_bytes(make):
    make()[0]()
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    forget_peak()
    before = resident_bytes("VmRSS")
    run, outputs = make()
    run()
    peak = resident_bytes("VmHWM")
    return peak - before - output_bytes(outputs())


def extra_bytes_of_attune(contest, folder, threads):
    """`folder` holds in.safetensors."""
    out = folder / "memory.safetensors"
    peak = peak_bytes(contest.attune[0], folder / "in.safetensors", out, threads, *contest.attune[1:])
    return peak - output_bytes(load_file(out))


def extra_bytes_of_peer(name, peer, threads):
    result = subprocess.run([sys.executable, "-B", __file__, name, peer, str(threads)], check=True, stdout=subprocess.PIPE,
                            text=True, env=MEMORY_ENVIRONMENT)
    return int(result.stdout.split()[-1])


def main():
    name, peer, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        print(extra_bytes(contests(threads, pathlib.Path(folder))[name]().peers[peer]))


if __name__ == "__main__":
    main()
