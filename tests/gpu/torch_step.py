#!/usr/bin/env python3
"""The harmonizer's training step in PyTorch, for comparison with attune's: the same layers, losses and optimizer.

Prints one line of JSON: pictures/s of eager mode or of torch.compile. Activations are bf16 (autocast) and channels_last,
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
import torch_network  # noqa: E402


def make_batch(batch, size, device):
    generator = torch.Generator().manual_seed(1)
    real = torch.rand((batch, 3, size, size), generator=generator)
    mask = torch.zeros((batch, 1, size, size))
    mask[:, :, size // 4:size * 3 // 4, size // 4:size * 3 // 4] = 1
    pictures = [(real * (1 - 0.4 * mask)), real, mask]
    return [picture.to(device).contiguous(memory_format=torch.channels_last) for picture in pictures]


def measure(arguments):
    device = torch.device(arguments.device)
    torch.backends.cudnn.benchmark = True
    channels = [int(c) for c in arguments.channels.split(",")]
    loss = torch_network.Loss(channels, arguments.contrast).to(device, memory_format=torch.channels_last)
    step = torch_network.TrainingStep(loss, torch.bfloat16, arguments.mode == "compile")
    batch = make_batch(arguments.batch, arguments.size, device)

    def run(steps):
        first = last = None
        start = time.perf_counter()
        for _ in range(steps):
            last = step.run(*batch)
            first = last if first is None else first
        values = [first.item(), last.item()]  # waits for the device
        return (time.perf_counter() - start) / steps, values

    _, (first, _) = run(max(3, arguments.steps // 4))
    seconds, (_, last) = run(arguments.steps)
    return {"mode": arguments.mode, "images_per_s": arguments.batch / seconds, "steps": arguments.steps,
            "loss_first": first, "loss_last": last, "torch": torch.__version__}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--channels", default="32,64,128,256,512", help="the network's levels (preset base)")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--mode", choices=("eager", "compile"), default="eager")
    parser.add_argument("--contrast", action="store_true", help="with the region-wise contrastive loss")
    parser.add_argument("--device", default="cuda")
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
