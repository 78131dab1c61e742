"""What only attune is timed at: the first picture from nothing, and a photograph of 24 megapixels."""

import statistics
import struct
import subprocess
import time
import zlib

import torch
from safetensors.torch import save_file
from torch.nn import functional

from attune_build import MODEL, PROGRAM
from contender_process import ContenderProcess
from contest import disc

REPETITIONS = 5


def smooth_picture(height, width):
    """[1, height, width, 3] of 8 bits, as easy to compress as a photograph."""
    coarse = 255 * torch.rand(1, 3, height // 40, width // 40)
    fine = functional.interpolate(coarse, (height, width), mode="bilinear") + 4 * torch.rand(1, 3, height, width)
    return fine.clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def mask_of(height, width):
    square = 255 * disc(1, min(height, width))
    return functional.interpolate(square[None], (height, width), mode="nearest")[0].to(torch.uint8)


def write_png(path, pixels):
    """Pixels [1, height, width, 3] or [1, height, width] of 8 bits."""
    height, width = pixels.shape[1:3]
    rows = pixels.reshape(height, -1)
    filtered = torch.cat([torch.zeros(height, 1, dtype=torch.uint8), rows], 1).numpy().tobytes()

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.dim() == 4 else 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(filtered, 1)) +
                     chunk(b"IEND", b""))


def in_process(inputs, threads, folder):
    """In fresh processes: (median seconds from no model to the first picture, its bytes at the peak beyond the inputs)."""
    save_file(inputs, folder / "in.safetensors")
    seconds, extra = [], []
    for _ in range(REPETITIONS):
        process = ContenderProcess("picture", folder / "in.safetensors", folder / "out.safetensors", threads, MODEL)
        seconds.append(process.first_seconds)
        extra.append(process.peak_bytes())
        process.end()
    return statistics.median(seconds), max(extra)


def whole_program(inputs, threads, folder):
    """The median wall time of `attune harmonize`, reading and writing files."""
    for name, pixels in inputs.items():
        write_png(folder / f"{name}.png", pixels)
    words = [PROGRAM, "harmonize", "--image", folder / "composite.png", "--mask", folder / "mask.png", "--out",
             folder / "out.png", "--threads", str(threads), "--device", "cpu"]
    seconds = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def attune_alone(threads, folder):
    for name, height, width in (("first picture, 512x512", 512, 512), ("first picture, 6000x4000", 4000, 6000)):
        inputs = {"composite": smooth_picture(height, width), "mask": mask_of(height, width)}
        seconds, extra = in_process(inputs, threads, folder)
        yield {"kind": "attune alone", "name": name, "seconds": seconds,
               "extra_bytes": extra - inputs["composite"].nbytes, "program_seconds": whole_program(inputs, threads, folder)}
