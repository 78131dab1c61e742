"""A contest, and how its inputs are made."""

import torch

from contenders import COMPILED, EAGER


class Contest:
    """`attune`: the contest and the argument of attune-contender. `inputs`: attune's names and layouts. `peers`: name ->
    function of no argument that makes (run, outputs), where run() does the work once and outputs() is comparable with
    attune's. `tolerance`: of the outputs, relative."""

    def __init__(self, attune, inputs, peers, tolerance=1e-4):
        self.attune, self.inputs, self.peers, self.tolerance = attune, inputs, peers, tolerance


def disc(images, size):
    places = (torch.arange(size) + 0.5) / size - 0.5
    inside = (places[None, :] ** 2 + places[:, None] ** 2 < 0.0625).float()
    return inside.expand(images, size, size).contiguous()


def channels_first(x):
    """attune's layout as PyTorch sees it: a view, channels_last in memory."""
    return x.permute(0, 3, 1, 2) if x.dim() == 4 else x.unsqueeze(1)


def modes(make):
    """Both of PyTorch's; `make` is told whether to compile."""
    return {EAGER: lambda: make(False), COMPILED: lambda: make(True)}
