"""How far pictures are apart, in levels (0..255), by the formulas of tools/metrics under the protocol `full`."""

from typing import NamedTuple

import numpy

LEAST = 1e-6  # as in tools/metrics: keeps a perfect score finite, and an empty mask's quotient 0


class Score(NamedTuple):
    psnr: float
    fmse: float


class Judged(NamedTuple):
    """A picture's scores before and after it was harmonized."""
    before: Score
    after: Score

    def gain(self):
        return self.after.psnr - self.before.psnr


def difference(one, other):
    return one.astype(numpy.float64) - other


def mean_squared_error(output, truth):
    return numpy.mean(difference(output, truth) ** 2)


def foreground_squared_error(output, truth, mask):
    """`mask`: 0..255, the pixels' weights."""
    weights = mask / 255.0
    return numpy.sum(weights[..., None] * difference(output, truth) ** 2) / (3 * numpy.sum(weights) + LEAST)


def peak_signal_to_noise(squared_error):
    return 10 * numpy.log10(255.0 ** 2 / (squared_error + LEAST))


def score(output, truth, mask):
    return Score(float(peak_signal_to_noise(mean_squared_error(output, truth))),
                 float(foreground_squared_error(output, truth, mask)))


def judge(pictures, outputs):
    """Of each picture what it was, and what became of it."""
    return [Judged(score(picture.composite, picture.truth, picture.mask), score(output, picture.truth, picture.mask))
            for picture, output in zip(pictures, outputs)]


def rms_inside(change, inside):
    """The root of the mean square over the pixels of `inside` and their channels; 0 where there are none."""
    return float(numpy.sqrt(numpy.mean(change[inside] ** 2))) if inside.any() else 0.0


def chroma(picture, inside):
    """The mean distance of a pixel's largest channel from its smallest: 0 for grey."""
    pixels = picture[inside].astype(numpy.int64)
    return float(numpy.mean(pixels.max(axis=-1) - pixels.min(axis=-1))) if inside.any() else 0.0


def ratios(firsts, seconds):
    """Of each picture the second change as a share of the first; nothing after nothing is 0."""
    return [second / first if first > 0 else 0.0 if second == 0 else float("inf")
            for first, second in zip(firsts, seconds)]
