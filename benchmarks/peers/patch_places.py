"""Where attune draws a step's patches, by its rule (kernels/patch_sample/patch_sample.h), for PyTorch to compare losses at.

Every pixel of a region has Philox 4x32-10's first word as its key; the least keys win.
"""

import numpy
import torch

import torch_training
from torch_network import pyramid

WORD = numpy.uint64(0xFFFFFFFF)
HALF = numpy.uint64(32)


def philox(key, counter):
    """The first word of each; `counter`: four arrays of 32-bit words."""
    c0, c1, c2, c3 = (numpy.asarray(word, numpy.uint64) for word in counter)
    k0, k1 = numpy.uint64(key) & WORD, numpy.uint64(key) >> HALF
    for _ in range(10):
        first, second = numpy.uint64(0xD2511F53) * c0, numpy.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (second >> HALF) ^ c1 ^ k0, second & WORD, (first >> HALF) ^ c3 ^ k1, first & WORD
        k0, k1 = (k0 + numpy.uint64(0x9E3779B9)) & WORD, (k1 + numpy.uint64(0xBB67AE85)) & WORD
    return c0


def draw_region(region, rows, seed, step, level, number):
    """As torch_training.draw_region() gives them."""
    images, pixels = region.shape
    image, pixel = numpy.meshgrid(numpy.arange(images), numpy.arange(pixels), indexing="ij")
    keys = philox(seed, (pixel, image, numpy.full_like(pixel, step), numpy.full_like(pixel, 256 * level + number)))
    keys[~region.numpy()] = WORD + numpy.uint64(1)  # behind every key
    order = numpy.argsort(keys, 1, kind="stable")[:, :rows].copy()  # as strided as topk's, or torch.compile compiles again
    return torch.from_numpy(order), torch.arange(rows) < region.sum(1, keepdim=True)


def attune_places(mask, levels, seed, step):
    """As RegionContrast.draw() gives them."""
    return [[draw_region(region, min(torch_training.SAMPLES, region.shape[1]), seed, step, level, number)
             for number, region in enumerate(torch_training.regions(shrunk))]
            for level, shrunk in enumerate(pyramid(mask, levels))]
