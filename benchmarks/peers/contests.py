"""The contests of compare by name: functions of no argument that make them. goals.py knows them by these names."""

from functools import partial

import torch

from inference_contests import network, photograph
from kernel_contests import patch_infonce, style_fusion
from training_contest import IMAGES, SIZE, dtype_name, training_step


def contests(threads, folder):
    found = {}
    for images, size, channels in ((8, 96, 96), (8, 24, 128)):
        found[f"style_fusion {images}x{size}x{size}x{channels}, forward + backward"] = partial(
            style_fusion, images, size, channels)
    for images, rows, depth in ((1, 1024, 256), (8, 256, 256), (1, 4096, 256)):
        found[f"patch_infonce N{images} K{rows} M{rows} D{depth}, forward + backward"] = partial(
            patch_infonce, images, rows, depth)
    for dtype in (torch.float32, torch.bfloat16):
        found[f"training step of small, {IMAGES} of {SIZE}x{SIZE}, {dtype_name(dtype)}"] = partial(
            training_step, dtype, folder)
    found["network of small, 256x256, float32"] = partial(network, 256, threads, folder)
    found["photograph of 1024x1024 in 8 bits, float32"] = partial(photograph, 1024, 4, threads, folder)
    return found
