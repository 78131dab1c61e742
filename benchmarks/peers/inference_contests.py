"""Inference by the shipped model, f32: the network alone, and a photograph in 8 bits."""

import numpy
import onnxruntime
import openvino
import torch
from safetensors.torch import load_file

from attune_build import MODEL
from contenders import ONNX_RUNTIME, OPENVINO
from contest import Contest, channels_first, disc, modes
from torch_network import Harmonizer, Photograph, load_parameters
from training_contest import CHANNELS


class Work:
    """What all engines do: `module` on named `arguments`. `outputs` makes what is compared from the result."""

    def __init__(self, module, arguments, path, outputs):
        self.module, self.path, self.outputs = module.eval(), str(path), outputs
        self.arguments = list(arguments.values())
        self.arrays = {name: argument.numpy() for name, argument in arguments.items()}
        torch.onnx.export(self.module, tuple(self.arguments), self.path, input_names=list(arguments), output_names=["y"],
                          opset_version=17, dynamo=False)


def in_torch(work, compiled):
    call = torch.compile(work.module) if compiled else work.module
    last = {}

    def run():
        with torch.inference_mode():
            last["y"] = call(*work.arguments)
    return run, lambda: work.outputs(last["y"].clone())


def in_onnxruntime(work, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(work.path, options, providers=["CPUExecutionProvider"])
    last = {}

    def run():
        last["y"] = session.run(None, work.arrays)[0]
    return run, lambda: work.outputs(torch.from_numpy(last["y"]))


def in_openvino(work, threads):
    # Without the hint it computes in bf16 where the processor does.
    compiled = openvino.Core().compile_model(work.path, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    last = {}

    def run():
        last["y"] = request.infer(work.arrays)[0]
    return run, lambda: work.outputs(torch.from_numpy(numpy.array(last["y"])))


def engines(work, threads):
    return {**modes(lambda compiled: in_torch(work, compiled)), ONNX_RUNTIME: lambda: in_onnxruntime(work, threads),
            OPENVINO: lambda: in_openvino(work, threads)}


def shipped_network():
    tensors = load_file(MODEL)
    network = Harmonizer(CHANNELS, with_global_part="global.0.weights" in tensors)
    load_parameters(network, tensors)
    return network.to(memory_format=torch.channels_last)


def network(size, threads, folder):
    inputs = {"composite": torch.rand(1, size, size, 3), "mask": disc(1, size)}
    work = Work(shipped_network(), {name: channels_first(x) for name, x in inputs.items()}, folder / "network.onnx",
                lambda y: {"y": y.permute(0, 2, 3, 1)})
    return Contest(["network", MODEL], inputs, engines(work, threads))


def photograph(size, factor, threads, folder):
    inputs = {"composite": torch.randint(0, 256, (1, size, size, 3), dtype=torch.uint8),
              "mask": (255 * disc(1, size)).to(torch.uint8)}
    work = Work(Photograph(shipped_network(), factor), inputs, folder / "photograph.onnx", lambda y: {"y": y})
    rounded = 1e-3  # where two levels are equally near, either may be taken
    return Contest(["picture", MODEL], inputs, engines(work, threads), rounded)
