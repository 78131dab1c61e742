"""The goals that issue 5 sets beside the peers, and whether a run's measurements meet them."""

import re
import statistics
from typing import Callable, NamedTuple

from contenders import ATTUNE, COMPILED, EAGER, ONNX_RUNTIME, OPENVINO


class Goal(NamedTuple):
    text: str
    works: str  # the names of the measurements that it is set for, a regular expression
    figure: Callable  # (measurement, all measurements by name) -> number
    bound: float
    at_least: bool = True


def row(contest, by):
    return next(row for row in contest["rows"] if row["by"] == by)


def speed(peer):
    return lambda contest, _: statistics.median(row(contest, peer)["ratios"])


def memory(peer):
    return lambda contest, _: row(contest, ATTUNE)["extra_bytes"] / row(contest, peer)["extra_bytes"]


def speed_in_bfloat16(contest, measured):
    in_float32 = measured[contest["name"].replace("bfloat16", "float32")]
    return row(in_float32, ATTUNE)["seconds"] / row(contest, ATTUNE)["seconds"]


def scaled(key, factor):
    return lambda measurement, _: factor * measurement[key]


STEP, STEP_IN_BFLOAT16 = "^training step .* float32$", "^training step .* bfloat16$"
INFERENCE = "^(network|photograph) of "

GOALS = (
    Goal("at least 5 times as fast as PyTorch eager", "^style_fusion", speed(EAGER), 5),
    Goal("at least 2 times as fast as torch.compile", "^style_fusion", speed(COMPILED), 2),
    Goal("at least 2 times as fast as PyTorch eager", "^patch_infonce", speed(EAGER), 2),
    Goal("at least 2 times as fast as torch.compile", "^patch_infonce", speed(COMPILED), 2),
    Goal("at most a tenth of PyTorch eager's extra memory", "^patch_infonce", memory(EAGER), 0.1, False),
    Goal("at least 3 times as fast as PyTorch eager", STEP, speed(EAGER), 3),
    Goal("at least 1.5 times as fast as torch.compile", STEP, speed(COMPILED), 1.5),
    Goal("at least 1.5 times as fast as attune in float32", STEP_IN_BFLOAT16, speed_in_bfloat16, 1.5),
    Goal("at most half of PyTorch eager's memory", STEP, memory(EAGER), 0.5, False),
    Goal("at most half of torch.compile's memory", STEP, memory(COMPILED), 0.5, False),
    Goal("at least as fast as ONNX Runtime", INFERENCE, speed(ONNX_RUNTIME), 1),
    Goal("at least as fast as OpenVINO", INFERENCE, speed(OPENVINO), 1),
    Goal("model and first picture in under 60 ms", "^first picture, 512x512", scaled("seconds", 1e3), 60, False),
    Goal("24 megapixels in under 2 s", "^first picture, 6000x4000", scaled("seconds", 1), 2, False),
    Goal("24 megapixels in less than 600 MB", "^first picture, 6000x4000", scaled("extra_bytes", 1e-6), 600, False),
)


def judge(measurements):
    """(goal's text, work, figure, met) of each goal and each measured work that it is set for."""
    measured = {measurement["name"]: measurement for measurement in measurements if "name" in measurement}
    verdicts = []
    for goal in GOALS:
        for name in filter(re.compile(goal.works).search, measured):
            try:
                figure = goal.figure(measured[name], measured)
            except KeyError:  # of a work that --only left out
                continue
            verdicts.append((goal.text, name, figure, figure >= goal.bound if goal.at_least else figure <= goal.bound))
    return verdicts
