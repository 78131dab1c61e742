"""The question about large pictures: what it brings to apply the transform at full size."""

import numpy
from PIL import Image

from robustness_parts.page import SUMMARY, Section, gains, mean, summary
from robustness_parts.pictures import binary, paths_of, read_colour, read_names, read_picture, scaled
from robustness_parts.scores import judge, ratios

SIDE = 256  # of the route that networks without a transform take


def by_small_route(bench, composites, masks):
    """Scaled to 256x256 whatever its shape, harmonized there, scaled up again and pasted in under the mask."""
    outputs = bench.subject.harmonize([scaled(composite, SIDE, SIDE) for composite in composites],
                                      [binary(scaled(mask, SIDE, SIDE)) for mask in masks])
    for composite, mask, output in zip(composites, masks, outputs):
        large = Image.fromarray(output).resize(mask.shape[::-1], Image.BICUBIC)
        yield numpy.where(mask[..., None] > 127, numpy.asarray(large), composite)


def detail(picture, inside):
    """The mean size of what is left of a pixel when its four neighbours' mean is taken away, inside the mask."""
    if not inside[1:-1, 1:-1].any():
        return 0.0
    light = picture.astype(numpy.float64).mean(axis=-1)
    neighbours = (light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:]) / 4
    return float(numpy.mean(numpy.abs(light[1:-1, 1:-1] - neighbours)[inside[1:-1, 1:-1]]))


def detail_left(composites, masks, outputs):
    def details(pictures):
        return [detail(picture, mask > 127) for picture, mask in zip(pictures, masks)]
    return ratios(details(composites), details(outputs))


def large(bench):
    folder = bench.folders["highres"]
    pictures = [read_picture(folder, name) for name in read_names(folder / "highres_test.txt")]
    composites, masks = [one.composite for one in pictures], [one.mask for one in pictures]
    for name in read_names(folder / "highres_nogt.txt"):
        composite, mask, _ = paths_of(folder, name)
        composites.append(read_colour(composite))
        masks.append(binary(read_colour(mask)[..., 0]))
    rows, found = [], {}
    for route, outputs in (("full size", bench.subject.harmonize(composites, masks)),
                           (f"{SIDE}x{SIDE} and back", list(by_small_route(bench, composites, masks)))):
        judged = judge(pictures, outputs[:len(pictures)])
        left = detail_left(composites, masks, outputs)
        rows.append([route, *summary(judged), f"{mean(left):.0%}", f"{min(left):.0%}"])
        found[route] = (gains(judged), mean(left))
    (full, full_detail), (small, small_detail) = found.values()
    better = sum(one > other for one, other in zip(full, small))
    words = (f"The {len(pictures)} pictures of highres with a photograph beside them, 2048 pixels on the longer side, and for "
             f"detail {len(composites)} in all, up to 4 megapixels: the transform applied to every pixel, beside what a network "
             f"does that gives back the picture it sees: scaled to {SIDE}x{SIDE}, harmonized, scaled up (bicubic) and pasted in "
             "under the mask. \"Detail\": the mean difference of a pixel from its neighbours inside the mask, as a share of the "
             "composite's.")
    head = ("route", *SUMMARY, "mean detail", "least")
    verdict = (f"at full size the mean gain is {mean(full):+.2f} dB, by way of {SIDE}x{SIDE} {mean(small):+.2f} dB; full size "
               f"is better in {better} of {len(pictures)} pictures. It keeps {full_detail:.0%} of the detail, the other way "
               f"{small_detail:.0%}. No goal was set.")
    return Section("Large pictures", words, [(head, rows)], verdict)
