"""How much of a training step convolutions and matrix products take: PyTorch eager's by its profiler, attune's by layer."""

import time

from safetensors.torch import load_file, save_file
from torch.profiler import ProfilerActivity, profile

from contender_process import ContenderProcess
from training_contest import dtype_name, make_inputs, make_step, write_config

# What a convolution or a product enters the library by, forward and backward; none of them calls another.
PRODUCTS = ("aten::convolution", "aten::convolution_backward", "aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm")
PROFILED_STEPS = 3


def share_of_eager(inputs, dtype):
    step, batch = make_step(inputs, dtype, False)
    for _ in range(2):
        step.run(*batch)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        start = time.perf_counter()
        for _ in range(PROFILED_STEPS):
            step.run(*batch)
        seconds = time.perf_counter() - start
    products = sum(row.cpu_time_total for row in profiled.key_averages() if row.key in PRODUCTS)
    return 1e-6 * products / seconds


def shares_of_attune(inputs, dtype, threads, folder):
    """By kind of layer."""
    out = folder / "shares.safetensors"
    save_file({name: x.contiguous() for name, x in inputs.items()}, folder / "in.safetensors")
    ContenderProcess("step_shares", folder / "in.safetensors", out, threads, write_config(dtype, folder)).end()
    return {kind: share.item() for kind, share in load_file(out).items()}


def convolution_share(dtype, threads, folder):
    inputs = make_inputs()
    return {"kind": "convolution share", "dtype": dtype_name(dtype), "eager": share_of_eager(inputs, dtype),
            "attune": shares_of_attune(inputs, dtype, threads, folder)}
