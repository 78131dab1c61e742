"""The harmonizer in PyTorch: the same network as attune's, for comparisons.

Layouts are PyTorch's ([n, c, h, w], masks [n, 1, h, w]); with channels_last the memory is attune's. Activations are of
autocast's type, parameters and statistics f32.
"""

import torch
from torch import nn
from torch.nn import functional

SLOPE, EPS = 0.2, 1e-5
LEAST_WEIGHT = 1e-3  # a region of less has no style


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
        return self.fuse(x, mask, mean_e, sd_e)

    def fuse(self, x, mask, mean_e, sd_e):
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


class GlobalPart(nn.Module):
    """What is the same for the whole foreground, from how the regions' styles differ."""

    def __init__(self, channels, outputs, width=128):
        super().__init__()
        self.first = nn.Linear(4 * channels, width)
        self.last = nn.Linear(width, outputs)
        nn.init.zeros_(self.last.weight)

    def forward(self, maps, masks):
        rows = torch.cat([style_difference(x, mask) for x, mask in zip(maps, masks)], 1)
        return self.last(functional.relu(self.first(rows)))[:, :, None, None]


def style_difference(x, mask):
    """[n, 4 c]; zeros where a region is missing."""
    (mean_f, sd_f, foreground), (mean_b, sd_b, background) = style(x, mask), style(x, 1 - mask)
    parts = torch.cat([(mean_f - mean_b) / (sd_f + sd_b), (sd_f / sd_b).log(), mean_b, sd_b.log()], 1)
    return torch.where(foreground & background, parts, 0.0).flatten(1)


class Harmonizer(nn.Module):
    def __init__(self, channels, with_global_part=False):
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
        self.global_part = GlobalPart(3 + sum(channels[1:]), 12) if with_global_part else None

    def encode(self, picture, mask, frozen=False):
        x, features = torch.cat([picture - 0.5, mask], 1), []
        for level in zip(self.first, self.second):
            for layer in level:
                weight, bias = (layer.weight.detach(), layer.bias.detach()) if frozen else (layer.weight, layer.bias)
                x = activated(functional.conv2d(x, weight, bias, layer.stride, layer.padding))
            features.append(x)
        return features

    def forward(self, composite, mask):
        head = functional.interpolate(self.head_of(composite, mask), scale_factor=2, mode="bilinear", align_corners=False)
        return transformed(composite, mask, head)

    def head_of(self, composite, mask):
        """The colour transform's 12 maps, at half the size."""
        features, masks = self.encode(composite, mask), pyramid(mask, len(self.first))
        x = features[-1]
        for level in range(len(features) - 1, 0, -1):
            if level < len(features) - 1:
                x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
                x = activated(self.mix[level - 1](torch.cat([x, features[level]], 1)))
            x = self.fusion[level - 1](self.last[level - 1](x), masks[level], features[level])
        head = self.head(x).float()
        return head + self.global_part([composite, *features[1:]], masks) if self.global_part else head


def transformed(composite, mask, head):
    matrix, shift = head[:, :9].unflatten(1, (3, 3)), head[:, 9:]
    return composite + mask * ((matrix * (composite - 0.5).unsqueeze(1)).sum(2) + shift)


class Photograph(nn.Module):
    """A photograph [1, h, w, 3] of 8 bits: the network at 1 / `factor` of its size, the colours at the full one."""

    def __init__(self, network, factor):
        super().__init__()
        self.network, self.factor = network, factor

    def forward(self, composite, mask):
        composite = composite.permute(0, 3, 1, 2).float() / 255
        mask = mask.unsqueeze(1).float() / 255
        head = self.network.head_of(*(functional.avg_pool2d(x, self.factor) for x in (composite, mask)))
        head = functional.interpolate(head, scale_factor=2 * self.factor, mode="bilinear", align_corners=False)
        y = transformed(composite, mask, head).clamp(0, 1)
        return (255 * y).round().to(torch.uint8).permute(0, 2, 3, 1)


def pyramid(mask, levels):
    return [mask] + [functional.avg_pool2d(mask, 2**level) for level in range(1, levels)]


def attune_parameters(module):
    """Attune's name of each parameter, and the parameter itself seen in attune's layout."""
    network = getattr(module, "network", module)
    layers = {"head": network.head}
    for level, (first, second) in enumerate(zip(network.first, network.second)):
        layers.update({f"encoder.{level}.0": first, f"encoder.{level}.1": second})
    for level, (last, fusion) in enumerate(zip(network.last, network.fusion), 1):
        layers[f"decoder.{level}.1"] = last
        if level <= len(network.mix):
            layers[f"decoder.{level}.0"] = network.mix[level - 1]
        for name, parameter in fusion.named_parameters():
            long_name = name.replace("_f", "_foreground").replace("_b", "_background")
            yield f"decoder.{level}.fusion.{long_name}", parameter.detach().view(-1)
    for level, head in enumerate(module.contrast.heads if getattr(module, "contrast", None) else []):
        layers.update({f"contrast.{level}.0": head[0], f"contrast.{level}.1": head[2]})
    if network.global_part:
        layers.update({"global.0": network.global_part.first, "global.1": network.global_part.last})
    for name, layer in layers.items():
        weights = layer.weight.detach()
        yield name + ".weights", weights.permute(0, 2, 3, 1) if weights.dim() == 4 else weights
        yield name + ".bias", layer.bias.detach()


def load_parameters(module, tensors):
    """Takes attune's parameters, in its layout."""
    for name, parameter in attune_parameters(module):
        parameter.copy_(tensors[name])
