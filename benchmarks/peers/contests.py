"""The contests of compare, run by the Python that has the peers: CONTENDER THREADS ROUNDS REGEX. Prints Markdown."""

import json
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import torch
from safetensors.torch import load_file, save_file

import torch_network
from torch_network import Harmonizer, Loss, Photograph, StyleFusion, TrainingStep, info_nce

MODEL = pathlib.Path(__file__).resolve().parents[2] / "models/small.safetensors"
CHANNELS = [16, 32, 64, 128, 160]  # of the preset `small`
LEAST_SECONDS = 0.3  # of a turn


class Contest:
    """`inputs`: attune's names and layouts. `peers`: name -> function of no argument that makes (run, outputs), where
    run() does the work once and outputs() is comparable with attune's. `tolerance`: of the outputs, relative."""

    def __init__(self, name, attune, inputs, peers, tolerance=1e-4):
        self.name, self.attune, self.inputs, self.peers, self.tolerance = name, attune, inputs, peers, tolerance


class Attune:
    def __init__(self, program, contest, threads, folder):
        save_file({name: x.contiguous() for name, x in contest.inputs.items()}, folder / "in.safetensors")
        words = [program, contest.attune[0], folder / "in.safetensors", folder / "out.safetensors", str(threads)]
        self.process = subprocess.Popen([*words, *contest.attune[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.extra_bytes = float(self.answer())
        self.write_time(1)  # behind the outputs, which are there then
        self.outputs = load_file(folder / "out.safetensors")

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"attune-contender ended with {self.process.wait()}")
        return line

    def write_time(self, times):
        self.process.stdin.write(f"{times}\n")
        self.process.stdin.flush()
        return float(self.answer())

    turn = write_time

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Peer:
    def __init__(self, make):
        forget_peak()
        before = resident_bytes("VmRSS")
        self.run, outputs = make()
        self.run()
        self.outputs = outputs()
        self.extra_bytes = resident_bytes("VmHWM") - before

    def turn(self, times):
        start = time.perf_counter()
        for _ in range(times):
            self.run()
        return (time.perf_counter() - start) / times

    def end(self):
        pass


def resident_bytes(field):
    """Resident memory: what there is (VmRSS), or the most since forget_peak() (VmHWM)."""
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE).group(1))


def forget_peak():
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def largest_difference(outputs, expected):
    """The largest relative error of the outputs that both have: by norm, for a value beside the activation's kink may fall
    on either side of it."""
    worst = 0.0
    for name, value in outputs.items():
        a, b = value.double(), expected[name].double()
        worst = max(worst, ((a.reshape(b.shape) - b).norm() / b.norm().clamp_min(1e-30)).item())
    return worst


def compete(contest, program, threads, rounds):
    """Rows: (contender, median seconds, ratios to attune's, extra bytes, difference)."""
    with tempfile.TemporaryDirectory() as name:
        attune = Attune(program, contest, threads, pathlib.Path(name))
        contenders = {"attune": attune, **{peer: Peer(make) for peer, make in contest.peers.items()}}
        times = {}
        for contender in contenders:
            once = min(contenders[contender].turn(1) for _ in range(2))
            times[contender] = max(1, round(LEAST_SECONDS / once))
        turns = [{name: contenders[name].turn(times[name]) for name in contenders} for _ in range(rounds)]
        for contender in contenders.values():
            contender.end()
    return [(name, statistics.median(turn[name] for turn in turns), [turn[name] / turn["attune"] for turn in turns],
             contender.extra_bytes, largest_difference(contender.outputs, attune.outputs))
            for name, contender in contenders.items()]


def random(*shape, scale=1.0, shift=0.0):
    return shift + scale * torch.randn(shape)


def disc(images, size):
    places = (torch.arange(size) + 0.5) / size - 0.5
    inside = (places[None, :] ** 2 + places[:, None] ** 2 < 0.0625).float()
    return inside.expand(images, size, size).contiguous()


def channels_first(x):
    """attune's layout as PyTorch sees it: a view, channels_last in memory."""
    return x.permute(0, 3, 1, 2) if x.dim() == 4 else x.unsqueeze(1)


def gradients(modes, call, leaves, upstream, outputs):
    """Peers that run a function forward and backward; `outputs` makes what is compared from (result, gradients)."""
    def peer(compiled):
        function = torch.compile(call) if compiled else call
        last = {}

        def run():
            last["result"] = function()
            last["gradients"] = torch.autograd.grad(last["result"], leaves, upstream)
        return run, lambda: outputs(last["result"].detach(), last["gradients"])
    return {mode: lambda mode=mode: peer(mode == "torch.compile") for mode in modes}


MODES = ("PyTorch eager", "torch.compile")


def style_fusion(images, size, channels):
    per_image = (images, channels)
    inputs = {"x": random(images, size, size, channels), "mask": disc(images, size),
              "external_mean": random(*per_image), "external_sd": random(*per_image).abs() + 0.5,
              "gate": random(channels), "dy": random(images, size, size, channels)}
    names = {"gamma_foreground": "gamma_f", "beta_foreground": "beta_f", "gamma_background": "gamma_b",
             "beta_background": "beta_b"}
    inputs.update({name: random(channels) for name in names})
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
    return Contest(f"style_fusion {images}x{size}x{size}x{channels}, forward + backward", ["style_fusion"], inputs,
                   gradients(MODES, call, leaves, channels_first(inputs["dy"]), outputs))


def patch_infonce(images, rows, depth):
    inputs = {name: random(images, rows, depth) for name in ("anchors", "positives", "negatives")}
    inputs["dloss"] = torch.ones(1)
    leaves = [inputs[name].clone().requires_grad_() for name in ("anchors", "positives", "negatives")]

    def outputs(loss, gradients):
        return {"loss": loss, **dict(zip(("danchors", "dpositives", "dnegatives"), gradients))}
    return Contest(f"patch_infonce N{images} K{rows} M{rows} D{depth}, forward + backward", ["patch_infonce"], inputs,
                   gradients(MODES, lambda: info_nce(*leaves), leaves, torch.tensor(1.0), outputs))


def training_step(dtype, folder, images=8, size=192):
    """The whole loss; what is compared is its reconstruction, for positions are drawn differently."""
    loss = Loss(CHANNELS, True).to(memory_format=torch.channels_last)
    with torch.no_grad():
        loss.network.head.weight.normal_(0, 0.02)  # or the output is the composite, whatever the network does
    inputs = {name: parameter.clone() for name, parameter in torch_network.attune_parameters(loss)}
    real, mask = torch.rand(images, size, size, 3), disc(images, size)
    inputs.update({"real": real, "mask": mask, "composite": real * (1 - 0.4 * mask.unsqueeze(3))})
    batch = [channels_first(inputs[name]) for name in ("composite", "real", "mask")]
    config = folder / f"{dtype}.json".replace("torch.", "")
    config.write_text(json.dumps({"model": {"preset": "small", "activations": "bf16" if dtype == torch.bfloat16 else "f32"},
                                  "train": {"batch": images, "size": size}}))

    def peer(mode):
        step = TrainingStep(loss, dtype, mode == "torch.compile")
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            network = Harmonizer(CHANNELS).to(memory_format=torch.channels_last)
            copies = dict(torch_network.attune_parameters(network))
            for name, parameter in copies.items():
                parameter.copy_(inputs[name])
            first = torch_network.reconstruction(network(batch[0], batch[2]), batch[1], batch[2])
        return lambda: step.run(*batch), lambda: {"reconstruction": first.view(1)}
    return Contest(f"training step of small, {images} of {size}x{size}, {str(dtype).replace('torch.', '')}",
                   ["step", config], inputs, {mode: lambda mode=mode: peer(mode) for mode in MODES},
                   1e-4 if dtype == torch.float32 else 2e-2)


def engines(module, arguments, names, threads, folder, outputs):
    """PyTorch, ONNX Runtime and OpenVINO on one module."""
    module = module.eval()
    last = {}
    path = folder / "network.onnx"
    torch.onnx.export(module, tuple(arguments), str(path), input_names=names, output_names=["y"], opset_version=17,
                      dynamo=False)
    arrays = {name: argument.numpy() for name, argument in zip(names, arguments)}

    def torch_peer(mode):
        call = torch.compile(module) if mode == "torch.compile" else module

        def run():
            with torch.inference_mode():
                last[mode] = call(*arguments)
        return run, lambda: outputs(last[mode].clone())

    def onnxruntime_peer():
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

        def run():
            last["onnx"] = session.run(None, arrays)[0]
        return run, lambda: outputs(torch.from_numpy(last["onnx"]))

    def openvino_peer():
        import openvino
        # Without the hint it computes in bf16 where the processor does.
        compiled = openvino.Core().compile_model(str(path), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()

        def run():
            last["openvino"] = request.infer(arrays)[0]
        return run, lambda: outputs(torch.from_numpy(numpy.array(last["openvino"])))
    return {**{mode: lambda mode=mode: torch_peer(mode) for mode in MODES}, "ONNX Runtime": onnxruntime_peer,
            "OpenVINO": openvino_peer}


def shipped_network():
    network = Harmonizer(CHANNELS).to(memory_format=torch.channels_last)
    tensors = load_file(MODEL)
    for name, parameter in torch_network.attune_parameters(network):
        parameter.copy_(tensors[name])
    return network


def inference(threads, folder, size=256):
    inputs = {"composite": torch.rand(1, size, size, 3), "mask": disc(1, size)}
    arguments = [channels_first(inputs[name]) for name in ("composite", "mask")]
    peers = engines(shipped_network(), arguments, ["composite", "mask"], threads, folder,
                    lambda y: {"y": y.permute(0, 2, 3, 1)})
    return Contest(f"network of small, {size}x{size}, float32", ["network", MODEL], inputs, peers)


def photograph(threads, folder, size=1024, factor=4):
    bytes_of = {"composite": torch.randint(0, 256, (1, size, size, 3), dtype=torch.uint8),
                "mask": (255 * disc(1, size)).to(torch.uint8)}
    peers = engines(Photograph(shipped_network(), factor), list(bytes_of.values()), list(bytes_of), threads, folder,
                    lambda y: {"y": y.float() / 255})
    inputs = {name: x.float() / 255 for name, x in bytes_of.items()}
    rounded = 1e-3  # where two levels are equally near, either may be taken
    return Contest(f"photograph of {size}x{size} in 8 bits, float32", ["picture", MODEL], inputs, peers, rounded)


def contests(threads, folder):
    yield "style_fusion", lambda: style_fusion(8, 96, 96)
    yield "style_fusion", lambda: style_fusion(8, 24, 128)
    yield "patch_infonce", lambda: patch_infonce(1, 1024, 256)
    yield "patch_infonce", lambda: patch_infonce(8, 256, 256)
    yield "step f32", lambda: training_step(torch.float32, folder)
    yield "step bf16", lambda: training_step(torch.bfloat16, folder)
    yield "network", lambda: inference(threads, folder)
    yield "photograph", lambda: photograph(threads, folder)


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main():
    program, threads, rounds, only = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    failed = False
    print(f"## {threads} thread{'s' if threads > 1 else ''}, {processor()}, PyTorch {torch.__version__.partition('+')[0]}\n")
    print("| work | by | ms | times attune's (least - most) | MB beyond the inputs | differs by |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as name:
        for label, make in contests(threads, pathlib.Path(name)):
            if not re.search(only, label):
                continue
            contest = make()
            for by, seconds, ratios, extra, difference in compete(contest, program, threads, rounds):
                agrees = difference <= contest.tolerance
                failed = failed or not agrees
                print(f"| {contest.name} | {by} | {1e3 * seconds:.3f} | {statistics.median(ratios):.2f} "
                      f"({min(ratios):.2f} - {max(ratios):.2f}) | {extra / 1e6:.0f} | "
                      f"{difference:.1e}{'' if agrees else ' DISAGREES'} |", flush=True)
    print()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
