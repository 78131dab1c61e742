"""The harmonizer's losses and its training step in PyTorch, attune's defaults; layouts as in torch_network."""

import torch
from torch import nn
from torch.nn import functional

from torch_network import Harmonizer, pyramid

MINIMUM_AREA = 100 / 65536
SAMPLES, WIDTH, TEMPERATURE, CONTRAST_WEIGHT = 256, 256, 0.07, 0.001
EMA_DECAY = 0.998


def info_nce(anchors, positives, negatives, *valid):
    """All positives of an image belong to each of its anchors. `valid`: which rows count, of the three [n, rows]; all of
    them where it is left out."""
    anchors, positives, negatives = (functional.normalize(rows, dim=2, eps=1e-7)
                                     for rows in (anchors, positives, negatives))
    near = anchors @ positives.transpose(1, 2) / TEMPERATURE
    far = anchors @ negatives.transpose(1, 2) / TEMPERATURE
    if not valid:
        return (torch.logaddexp(near, far.logsumexp(2, keepdim=True)) - near).mean()
    far = far.masked_fill(~valid[2].unsqueeze(1), -1e9)
    losses = torch.logaddexp(near, far.logsumexp(2, keepdim=True)) - near
    pairs = valid[0].unsqueeze(2) & valid[1].unsqueeze(1)
    count = pairs.sum((1, 2))
    per_image = (losses * pairs).sum((1, 2)) / count.clamp_min(1)
    return per_image.sum() / (count > 0).sum().clamp_min(1)


class RegionContrast(nn.Module):
    """Reading `attract`: the output's foreground to the photograph's background, away from the composite's foreground."""

    def __init__(self, channels):
        super().__init__()
        self.heads = nn.ModuleList(
            [nn.Sequential(nn.Linear(c, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH)) for c in channels])

    def draw(self, mask):
        """The places of a step: of each level its three sets' (pixels [n, rows], which rows count)."""
        return [[draw_region(region, min(SAMPLES, region.shape[1])) for region in regions(level)]
                for level in pyramid(mask, len(self.heads))]

    def level(self, head, features, places):
        sets = [head(rows_at(x, pixels)).float() for x, (pixels, _) in zip(features, places)]
        return info_nce(*sets, *(valid for _, valid in places))

    def forward(self, network, output, real, composite, places):
        nothing = torch.zeros_like(output[:, :1])
        features = [network.encode(picture, nothing, frozen=True) for picture in (output, real, composite)]
        losses = [self.level(head, level, at) for head, level, at in zip(self.heads, zip(*features), places)]
        return torch.stack(losses).mean()


def regions(mask):
    """Of the anchors, the positives and the negatives."""
    foreground = (mask >= 0.5).flatten(1)
    return foreground, ~foreground, foreground


def draw_region(region, rows):
    keys = torch.rand(region.shape, device=region.device).masked_fill(~region, -1)
    keys, pixels = keys.topk(rows, 1)
    return pixels, keys >= 0


def rows_at(features, pixels):
    rows = features.flatten(2).transpose(1, 2)
    return rows.gather(1, pixels.unsqueeze(2).expand(-1, -1, rows.shape[2]))


def reconstruction(output, real, mask):
    area = mask.sum((1, 2, 3)).clamp_min(MINIMUM_AREA * mask.shape[2] * mask.shape[3])
    return (((output - real) ** 2).sum((1, 2, 3)) / (3 * area)).mean()


class Loss(nn.Module):
    """The whole forward pass: reconstruction and contrast, at the places that draw() gives."""

    def __init__(self, channels, contrast):
        super().__init__()
        self.network = Harmonizer(channels)
        self.contrast = RegionContrast(channels) if contrast else None

    def draw(self, mask):
        return None if self.contrast is None else self.contrast.draw(mask)

    def forward(self, composite, real, mask, places):
        output = self.network(composite, mask)
        first = reconstruction(output, real, mask)
        if self.contrast is None:
            return first, torch.zeros_like(first)
        return first, self.contrast(self.network, output, real, composite, places)


class TrainingStep:
    """Forward, backward, clipping, AdamW and the moving average of the weights. `compiled`: by torch.compile. After run(),
    `losses` and `gradient_norm` are the step's."""

    def __init__(self, loss, dtype, compiled=False):
        self.dtype = dtype
        self.parameters = list(loss.parameters())
        self.average = [parameter.detach().clone() for parameter in self.parameters]
        self.optimizer = torch.optim.AdamW(decay_groups(loss), lr=1e-3, betas=(0.9, 0.99), fused=True)
        self.draw, self.call = (torch.compile(loss.draw), torch.compile(loss)) if compiled else (loss.draw, loss)

    def run(self, composite, real, mask, places=None):
        """One step; of its own places where none are given."""
        if places is None:
            places = self.draw(mask)
        with torch.autocast(composite.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            self.losses = self.call(composite, real, mask, places)
        value = self.losses[0] + CONTRAST_WEIGHT * self.losses[1]
        value.backward()
        self.gradient_norm = nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        torch._foreach_mul_(self.average, EMA_DECAY)
        torch._foreach_add_(self.average, [p.detach() for p in self.parameters], alpha=1 - EMA_DECAY)
        return value.detach()


def decay_groups(module):
    """Matrices and kernels decay; biases, gates and affine vectors don't."""
    named = list(module.named_parameters())
    return [{"params": [p for name, p in named if name.endswith("weight")], "weight_decay": 1e-4},
            {"params": [p for name, p in named if not name.endswith("weight")], "weight_decay": 0.0}]
