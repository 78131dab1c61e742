"""One op forward and backward, f32."""

import torch

from contest import Contest, channels_first, disc, modes
from torch_network import StyleFusion
from torch_training import info_nce


def gradients(call, leaves, upstream, outputs):
    """PyTorch's peers; `outputs` makes what is compared from (result, gradients)."""
    def make(compiled):
        function = torch.compile(call) if compiled else call
        last = {}

        def run():
            last["result"] = function()
            last["gradients"] = torch.autograd.grad(last["result"], leaves, upstream)
        return run, lambda: outputs(last["result"].detach(), last["gradients"])
    return modes(make)


def style_fusion(images, size, channels):
    per_image = (images, channels)
    inputs = {"x": torch.randn(images, size, size, channels), "mask": disc(images, size),
              "external_mean": torch.randn(per_image), "external_sd": torch.randn(per_image).abs() + 0.5,
              "gate": torch.randn(channels), "dy": torch.randn(images, size, size, channels)}
    names = {"gamma_foreground": "gamma_f", "beta_foreground": "beta_f", "gamma_background": "gamma_b",
             "beta_background": "beta_b"}
    inputs.update({name: torch.randn(channels) for name in names})
    module = StyleFusion(channels)
    with torch.no_grad():
        for name, short in {**names, "gate": "gate"}.items():
            getattr(module, short).copy_(inputs[name].view(1, -1, 1, 1))
    x, mean, sd = (tensor.clone().requires_grad_() for tensor in
                   (inputs["x"], inputs["external_mean"], inputs["external_sd"]))

    def call():
        return module.fuse(channels_first(x), channels_first(inputs["mask"]), mean[:, :, None, None], sd[:, :, None, None])
    leaves = [x, mean, sd, module.gate, module.gamma_f, module.beta_b, module.beta_f, module.gamma_b]

    def outputs(y, gradients):
        kept = ("dx", "dexternal_mean", "dexternal_sd", "dgate", "dgamma_foreground", "dbeta_background")
        return {"y": y.permute(0, 2, 3, 1), **dict(zip(kept, gradients))}
    return Contest(["style_fusion"], inputs, gradients(call, leaves, channels_first(inputs["dy"]), outputs))


def patch_infonce(images, rows, depth):
    names = ("anchors", "positives", "negatives")
    inputs = {name: torch.randn(images, rows, depth) for name in names}
    inputs["dloss"] = torch.ones(1)
    leaves = [inputs[name].clone().requires_grad_() for name in names]

    def outputs(loss, gradients):
        return {"loss": loss, **dict(zip(("danchors", "dpositives", "dnegatives"), gradients))}
    return Contest(["patch_infonce"], inputs, gradients(lambda: info_nce(*leaves), leaves, torch.tensor(1.0), outputs))
