#!/usr/bin/env python3
"""attune's work in PyTorch, for comparison: the harmonizer's training step with the same layers, losses and optimizer, or
patch_infonce, forward and backward.

Prints one line of JSON: the time in eager mode or by torch.compile. Activations are bf16 (autocast) and channels_last,
parameters and statistics f32. The batch stays on the device: reading pictures costs PyTorch nothing here, attune's steps
fetch theirs.
"""

import argparse
import json
import pathlib
import sys
import time

try:
    import torch
except ImportError as error:
    print(f"torch_step: {error}", file=sys.stderr)
    sys.exit(3)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks/peers"))
import torch_training  # noqa: E402


def make_batch(batch, size, device):
    generator = torch.Generator().manual_seed(1)
    real = torch.rand((batch, 3, size, size), generator=generator)
    mask = torch.zeros((batch, 1, size, size))
    mask[:, :, size // 4:size * 3 // 4, size // 4:size * 3 // 4] = 1
    pictures = [(real * (1 - 0.4 * mask)), real, mask]
    return [picture.to(device).contiguous(memory_format=torch.channels_last) for picture in pictures]


def training_step(arguments, device):
    """A function of no argument that makes one step and returns its loss."""
    channels = [int(c) for c in arguments.channels.split(",")]
    loss = torch_training.Loss(channels, arguments.contrast).to(device, memory_format=torch.channels_last)
    step = torch_training.TrainingStep(loss, torch.bfloat16, arguments.mode == "compile")
    batch = make_batch(arguments.batch, arguments.size, device)
    return lambda: step.run(*batch)


def patch_infonce(arguments, device):
    """Set mode, as many rows on every side; the gradients of all three sides."""
    generator = torch.Generator().manual_seed(1)
    shape = (arguments.batch, arguments.rows, arguments.depth)
    leaves = [torch.randn(shape, generator=generator).to(device, torch.bfloat16).requires_grad_() for _ in range(3)]
    function = torch.compile(torch_training.info_nce) if arguments.mode == "compile" else torch_training.info_nce

    def run():
        with torch.autocast(device.type, torch.bfloat16):
            loss = function(*leaves)
        torch.autograd.grad(loss, leaves)
        return loss.detach()
    return run


WORKS = {"step": training_step, "patch_infonce": patch_infonce}


def measure(arguments):
    torch.backends.cudnn.benchmark = True
    work = WORKS[arguments.work](arguments, torch.device(arguments.device))

    def run(steps):
        first = last = None
        start = time.perf_counter()
        for _ in range(steps):
            last = work()
            first = last if first is None else first
        values = [first.item(), last.item()]  # waits for the device
        return (time.perf_counter() - start) / steps, values

    _, (first, _) = run(max(3, arguments.steps // 4))
    seconds, (_, last) = run(arguments.steps)
    return {"mode": arguments.mode, "milliseconds": 1e3 * seconds, "images_per_s": arguments.batch / seconds,
            "steps": arguments.steps, "loss_first": first, "loss_last": last, "torch": torch.__version__}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", choices=WORKS, default="step")
    parser.add_argument("--channels", default="32,64,128,256,512", help="the network's levels (preset base)")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=256, help="of the pictures")
    parser.add_argument("--rows", type=int, default=4096, help="of each image's anchors, positives and negatives")
    parser.add_argument("--depth", type=int, default=256, help="of these rows")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--mode", choices=("eager", "compile"), default="eager")
    parser.add_argument("--contrast", action="store_true", help="with the region-wise contrastive loss")
    parser.add_argument("--device", default="cuda")
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
