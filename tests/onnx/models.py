"""The models to compare: the shipped one, and tiny ones with every option of the network and weights drawn at random."""

import json
import re
import struct
import subprocess

import numpy
import pictures

FUSIONS = ["none", "instance", "internal", "external", "learned"]
# By name, the keys of `model` in a configuration.
OPTIONS = {
    "affine": {"channels": [4, 6, 8]},
    "affine_global": {"channels": [4, 6, 8], "global": True, "inference_size": 100},
    "map_at_full_size": {"channels": [3, 5, 7], "head_level": 0, "global": True, "inference_size": 96, "slope": 0},
    "map_of_the_bottleneck": {"channels": [5, 6, 7, 8], "head_level": 3, "inference_size": 250},
    "fusion_of_each_kind": {"channels": [4, 5, 6, 7, 8], "fusion": FUSIONS, "head_level": 0, "global": True},
    "fusion_of_each_kind_turned": {"channels": [4, 5, 6, 7, 8], "fusion": FUSIONS[::-1], "head_level": 0},
    "blend": {"channels": [4, 6], "head": "blend"},
    "blend_global": {"channels": [4, 6, 8, 8], "head": "blend", "global": True, "slope": 0.5},
    "blend_of_each_kind": {"channels": [4, 5, 6, 7, 8], "head": "blend", "fusion": FUSIONS, "global": True},
    "eight_levels": {"channels": [3, 4, 4, 4, 4, 4, 4, 4], "global": True},
} | {f"fusion_{fusion}": {"channels": [4, 6, 8], "fusion": fusion, "global": fusion == "none"} for fusion in FUSIONS}

MOST_CHANGE = 0.1  # of a colour, roughly: many more would be clamped, and clamped colours agree


def drawn(random, name, shape):
    """Weights with which every part of the network has a say."""
    values = random.standard_normal(shape)
    last = re.match(r"(head|global\.1)\.", name)
    if name.endswith(".weights"):
        return values * (2 / numpy.prod(shape[1:])) ** 0.5 * (MOST_CHANGE if last else 1)
    if "gamma" in name:
        return 1 + 0.3 * values
    return values * (2 if name.endswith(".gate") else 0.1 if last else 0.2)


def draw_weights(path, seed):
    data = bytearray(path.read_bytes())
    (length,) = struct.unpack_from("<Q", data)
    random = numpy.random.default_rng(seed)
    for name, tensor in sorted(json.loads(data[8:8 + length]).items()):
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in tensor["data_offsets"])
            data[begin:end] = drawn(random, name, tensor["shape"]).astype("<f4").tobytes()
    path.write_bytes(data)


def make(program, folder, name):
    """The model's file. A run of one step makes it."""
    pictures.write_png(folder / "photos/images/photo.png", pictures.photograph(48, 40, 1))
    pictures.write_png(folder / "photos/masks/photo.png", pictures.disc(48, 40))
    config = {"model": OPTIONS[name], "data": [{"kind": "photos", "path": "photos"}],
              "train": {"steps": 1, "batch": 1, "size": 16}, "loss": {"contrast": {"weight": 0, "levels": [0]}}}
    (folder / f"{name}.json").write_text(json.dumps(config))
    subprocess.run([program, "train", folder / f"{name}.json", "--out", folder / name, "--threads", "1"],
                   check=True, stderr=subprocess.DEVNULL)
    path = folder / name / "last.safetensors"
    draw_weights(path, list(OPTIONS).index(name))
    return path
