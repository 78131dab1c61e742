"""The measurements of compare, by the Python that has the peers: measure.py THREADS ROUNDS REGEX.

Prints a JSON object a line: {"kind": "contest" | "convolution share" | "attune alone", ..}; report.py reads them.
"""

import json
import pathlib
import re
import statistics
import sys
import tempfile
import time

import torch
from safetensors.torch import load_file, save_file

from attune_alone import attune_alone
from contender_process import ContenderProcess
from contenders import ATTUNE, EAGER
from contests import contests
from convolution_share import convolution_share
from peak_memory import extra_bytes_of_attune, extra_bytes_of_peer
from turns import in_turns


class Peer:
    def __init__(self, make):
        self.run, outputs = make()
        self.run()
        self.outputs = outputs()

    def turn(self, times):
        start = time.perf_counter()
        for _ in range(times):
            self.run()
        return (time.perf_counter() - start) / times


def largest_difference(outputs, expected):
    """The largest relative error of the outputs that both have: by norm, for a value beside the activation's kink may fall
    on either side of it."""
    worst = 0.0
    for name in outputs.keys() & expected.keys():
        a, b = outputs[name].double(), expected[name].double()
        worst = max(worst, ((a.reshape(b.shape) - b).norm() / b.norm().clamp_min(1e-30)).item())
    return worst


def compete(contest, threads, rounds, folder):
    """What in_turns() gives, and each contender's outputs."""
    save_file({name: x.contiguous() for name, x in contest.inputs.items()}, folder / "in.safetensors")
    out = folder / "out.safetensors"
    attune = ContenderProcess(contest.attune[0], folder / "in.safetensors", out, threads, *contest.attune[1:])
    peers = {name: Peer(make) for name, make in contest.peers.items()}
    turns = in_turns({ATTUNE: attune, **peers}, rounds)
    attune.end()
    return turns, {ATTUNE: load_file(out), **{name: peer.outputs for name, peer in peers.items()}}


def measure(name, contest, threads, rounds, folder):
    turns, outputs = compete(contest, threads, rounds, folder)
    rows = []
    for by in outputs:
        extra = (extra_bytes_of_attune(contest, folder, threads) if by == ATTUNE
                 else extra_bytes_of_peer(name, by, threads))
        rows.append({"by": by, "seconds": statistics.median(turn[by] for turn in turns),
                     "ratios": [turn[by] / turn[ATTUNE] for turn in turns], "extra_bytes": extra,
                     "from_attune": largest_difference(outputs[by], outputs[ATTUNE]),
                     "from_eager": largest_difference(outputs[by], outputs[EAGER])})
    return {"kind": "contest", "name": name, "tolerance": contest.tolerance, "rows": rows}


def measurements(threads, rounds, only, folder):
    def wanted(name):
        return re.search(only, name) is not None
    for name, make in contests(threads, folder).items():
        if wanted(name):
            torch.manual_seed(1)
            yield measure(name, make(), threads, rounds, folder)
    for dtype in (torch.float32, torch.bfloat16):
        if wanted("convolution share"):
            yield convolution_share(dtype, threads, folder)
    if wanted("attune alone"):
        yield from attune_alone(threads, folder)


def main():
    threads, rounds, only = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(threads)
    print(json.dumps({"kind": "machine", "threads": threads, "torch": torch.__version__.partition("+")[0]}), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for result in measurements(threads, rounds, only, pathlib.Path(folder)):
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
