#!/usr/bin/env python3
"""The harmonizer's training step in PyTorch, for comparison with attune's: the same layers, losses and optimizer.

Prints one line of JSON: pictures/s of eager mode or of torch.compile. Activations are bf16 (autocast) and channels_last,
parameters and statistics f32. The batch stays on the device: reading pictures costs PyTorch nothing here, attune's steps
fetch theirs.
"""

import argparse
import json
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError as error:
    print(f"torch_step: {error}", file=sys.stderr)
    sys.exit(3)

SLOPE, EPS = 0.2, 1e-5
LEAST_WEIGHT = 1e-3  # a region of less has no style
MINIMUM_AREA = 100 / 65536
SAMPLES, WIDTH, TEMPERATURE, CONTRAST_WEIGHT = 256, 256, 0.07, 0.001
EMA_DECAY = 0.998


def activated(x):
    return functional.leaky_relu(x, SLOPE)


def style(x, weights):
    """Mean and deviation of a region, each [n, c, 1, 1], and whether the image has the region."""
    total = weights.sum((2, 3), keepdim=True)
    valid = total >= LEAST_WEIGHT
    total = total.clamp_min(LEAST_WEIGHT)
    x = x.float()
    mean = (weights * x).sum((2, 3), keepdim=True) / total
    variance = (weights * (x - mean) ** 2).sum((2, 3), keepdim=True) / total
    return torch.where(valid, mean, 0.0), torch.where(valid, (variance + EPS).sqrt(), 1.0), valid


class StyleFusion(nn.Module):
    def __init__(self, channels):
        super().__init__()
        def scalar(value):
            return nn.Parameter(torch.full((1, channels, 1, 1), value))
        self.gate = scalar(2.0)
        self.gamma_f, self.beta_f, self.gamma_b, self.beta_b = scalar(1.0), scalar(0.0), scalar(1.0), scalar(0.0)

    def forward(self, x, mask, skip):
        mean_e, sd_e, _ = style(skip, 1 - mask)
        mean_f, sd_f, _ = style(x, mask)
        mean_b, sd_b, background = style(x, 1 - mask)
        gate = torch.sigmoid(self.gate)
        mean = torch.where(background, gate * mean_e + (1 - gate) * mean_b, mean_f)
        sd = torch.where(background, gate * sd_e + (1 - gate) * sd_b, sd_f)
        foreground = self.gamma_f * ((x.float() - mean_f) / sd_f * sd + mean) + self.beta_f
        rest = self.gamma_b * ((x.float() - mean_b) / sd_b) + self.beta_b
        return activated(mask * foreground + (1 - mask) * rest).to(x.dtype)


def convolution(inputs, outputs, stride=1):
    layer = nn.Conv2d(inputs, outputs, 3, stride, 1)
    nn.init.kaiming_normal_(layer.weight, SLOPE)
    nn.init.zeros_(layer.bias)
    return layer


class Harmonizer(nn.Module):
    def __init__(self, channels):
        super().__init__()
        levels = range(len(channels))
        inputs = [4, *channels]
        self.first = nn.ModuleList([convolution(inputs[l], channels[l], 1 if l == 0 else 2) for l in levels])
        self.second = nn.ModuleList([convolution(channels[l], channels[l]) for l in levels])
        self.mix = nn.ModuleList([convolution(channels[l + 1] + channels[l], channels[l]) for l in levels[1:-1]])
        self.last = nn.ModuleList([convolution(channels[l], channels[l]) for l in levels[1:]])
        self.fusion = nn.ModuleList([StyleFusion(channels[l]) for l in levels[1:]])
        self.head = convolution(channels[1], 12)
        nn.init.zeros_(self.head.weight)

    def encode(self, picture, mask, frozen=False):
        x, features = torch.cat([picture - 0.5, mask], 1), []
        for level in zip(self.first, self.second):
            for layer in level:
                weight, bias = (layer.weight.detach(), layer.bias.detach()) if frozen else (layer.weight, layer.bias)
                x = activated(functional.conv2d(x, weight, bias, layer.stride, layer.padding))
            features.append(x)
        return features

    def forward(self, composite, mask):
        features, masks = self.encode(composite, mask), pyramid(mask, len(self.first))
        x = features[-1]
        for level in range(len(features) - 1, 0, -1):
            if level < len(features) - 1:
                x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
                x = activated(self.mix[level - 1](torch.cat([x, features[level]], 1)))
            x = self.fusion[level - 1](self.last[level - 1](x), masks[level], features[level])
        head = functional.interpolate(self.head(x).float(), scale_factor=2, mode="bilinear", align_corners=False)
        matrix, shift = head[:, :9].unflatten(1, (3, 3)), head[:, 9:]
        return composite + mask * ((matrix * (composite - 0.5).unsqueeze(1)).sum(2) + shift)


def pyramid(mask, levels):
    return [mask] + [functional.avg_pool2d(mask, 2**level) for level in range(1, levels)]


class RegionContrast(nn.Module):
    """Reading `attract`: the output's foreground to the photograph's background, away from the composite's foreground."""

    def __init__(self, channels):
        super().__init__()
        self.heads = nn.ModuleList(
            [nn.Sequential(nn.Linear(c, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH)) for c in channels])

    @staticmethod
    def sample(features, region):
        keys = torch.rand(region.shape, device=region.device).masked_fill(~region, -1)
        keys, places = keys.topk(min(SAMPLES, keys.shape[1]), 1)
        rows = features.flatten(2).transpose(1, 2)
        return rows.gather(1, places.unsqueeze(2).expand(-1, -1, rows.shape[2])), keys >= 0

    def level(self, head, features, mask):
        foreground = (mask >= 0.5).flatten(1)
        sets = [self.sample(x, region) for x, region in zip(features, (foreground, ~foreground, foreground))]
        anchor, positive, negative = (functional.normalize(head(rows).float(), dim=2, eps=1e-7) for rows, _ in sets)
        valid = [rows for _, rows in sets]
        near = anchor @ positive.transpose(1, 2) / TEMPERATURE
        far = (anchor @ negative.transpose(1, 2) / TEMPERATURE).masked_fill(~valid[2].unsqueeze(1), -1e9)
        losses = torch.logaddexp(near, far.logsumexp(2, keepdim=True)) - near
        pairs = valid[0].unsqueeze(2) & valid[1].unsqueeze(1)
        count = pairs.sum((1, 2))
        per_image = (losses * pairs).sum((1, 2)) / count.clamp_min(1)
        return per_image.sum() / (count > 0).sum().clamp_min(1)

    def forward(self, network, output, real, composite, mask):
        nothing = torch.zeros_like(mask)
        features = [network.encode(picture, nothing, frozen=True) for picture in (output, real, composite)]
        masks = pyramid(mask, len(self.heads))
        losses = [self.level(head, level, masks[l]) for l, (head, level) in enumerate(zip(self.heads, zip(*features)))]
        return torch.stack(losses).mean()


class Loss(nn.Module):
    """The whole forward pass."""

    def __init__(self, channels, contrast):
        super().__init__()
        self.network = Harmonizer(channels)
        self.contrast = RegionContrast(channels) if contrast else None

    def forward(self, composite, real, mask):
        output = self.network(composite, mask)
        area = mask.sum((1, 2, 3)).clamp_min(MINIMUM_AREA * mask.shape[2] * mask.shape[3])
        loss = (((output - real) ** 2).sum((1, 2, 3)) / (3 * area)).mean()
        if self.contrast is not None:
            loss = loss + CONTRAST_WEIGHT * self.contrast(self.network, output, real, composite, mask)
        return loss


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
    loss = Loss(channels, arguments.contrast).to(device, memory_format=torch.channels_last)
    parameters = list(loss.parameters())
    average = [parameter.detach().clone() for parameter in parameters]
    fused = {"fused": True} if device.type == "cuda" else {}
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.99), weight_decay=1e-4, **fused)
    call = torch.compile(loss) if arguments.mode == "compile" else loss
    batch = make_batch(arguments.batch, arguments.size, device)

    def step():
        with torch.autocast(device.type, torch.bfloat16):
            value = call(*batch)
        value.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        torch._foreach_mul_(average, EMA_DECAY)
        torch._foreach_add_(average, [p.detach() for p in parameters], alpha=1 - EMA_DECAY)
        return value.detach()

    def run(steps):
        first = last = None
        start = time.perf_counter()
        for _ in range(steps):
            last = step()
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
