"""A whole step of training of the preset `small`: both losses, their gradients, clipping, AdamW and the moving average.

The harmonizer starts from the shipped weights, the contrast's heads from random ones. What is compared are both losses and
the gradient's norm of the first three steps, the patches drawn where attune draws them; while it is timed PyTorch draws by
torch.rand and topk.
"""

import json

import torch
from safetensors.torch import load_file

from attune_build import MODEL
from contest import Contest, channels_first, disc, modes
from patch_places import attune_places
from torch_network import attune_parameters, load_parameters
from torch_training import Loss, TrainingStep

CHANNELS = [16, 32, 64, 128, 160]  # of the preset `small`
IMAGES, SIZE = 8, 192
SEED, COMPARED_STEPS = 1, 3
TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 2e-2}


def dtype_name(dtype):
    return str(dtype).removeprefix("torch.")


def starting_weights():
    weights = {name: parameter.clone() for name, parameter in attune_parameters(Loss(CHANNELS, True))}
    shipped = load_file(MODEL)
    return {name: shipped.get(name, tensor) for name, tensor in weights.items()}


def write_config(dtype, folder):
    path = folder / f"{dtype_name(dtype)}.json"
    activations = "bf16" if dtype == torch.bfloat16 else "f32"
    path.write_text(json.dumps({
        "seed": SEED, "model": {"preset": "small", "activations": activations},
        "train": {"batch": IMAGES, "size": SIZE},
        "optimizer": {"warmup_steps": 0, "final_lr": 1}}))  # PyTorch's step has a constant rate
    return path


def make_inputs():
    real, mask = torch.rand(IMAGES, SIZE, SIZE, 3), disc(IMAGES, SIZE)
    return {**starting_weights(), "real": real, "mask": mask, "composite": real * (1 - 0.4 * mask.unsqueeze(3))}


def make_step(inputs, dtype, compiled):
    """PyTorch's step and its batch."""
    loss = Loss(CHANNELS, True)
    load_parameters(loss, inputs)
    batch = [channels_first(inputs[name]) for name in ("composite", "real", "mask")]
    return TrainingStep(loss.to(memory_format=torch.channels_last), dtype, compiled), batch


def first_steps(step, batch):
    """What is compared, as attune-contender gives it."""
    rows = []
    for number in range(1, COMPARED_STEPS + 1):
        step.run(*batch, attune_places(batch[2], len(CHANNELS), SEED, number))
        rows.append((*step.losses, step.gradient_norm))
    return {name: torch.stack(values).detach()
            for name, values in zip(("reconstruction", "contrast", "gradient_norm"), zip(*rows))}


def training_step(dtype, folder):
    inputs = make_inputs()

    def make(compiled):
        step, batch = make_step(inputs, dtype, compiled)
        compared = first_steps(step, batch)
        return lambda: step.run(*batch), lambda: compared
    return Contest(["step", write_config(dtype, folder)], inputs, modes(make), TOLERANCE[dtype])
