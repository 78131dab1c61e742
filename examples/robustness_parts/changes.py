"""What the questions do to pictures (height x width x 3) and masks (height x width), all of 8 bits."""

import io

import numpy
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

LUMA = (0.299, 0.587, 0.114)  # of R, G and B, as in JPEG


def rounded(values):
    return numpy.clip(numpy.floor(values + 0.5), 0, 255).astype(numpy.uint8)


def cropped(image, count):
    """Without its first `count` rows and columns."""
    return numpy.ascontiguousarray(image[count:, count:])


def jpeg_noise(image, quality):
    """What JPEG leaves of it, the chroma halved along both axes as cameras and the web do."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=2)
    return numpy.asarray(Image.open(file).convert("RGB"))


def grey(image):
    luma = sum(weight * image[..., channel] for channel, weight in enumerate(LUMA))
    return numpy.repeat(rounded(luma)[..., None], 3, axis=-1)


def windows(mask, radius, axis):
    """Of each pixel the 2 radius + 1 values about it along an axis, as a last axis. Beyond the edge lies what lies at it."""
    width = [(0, 0), (0, 0)]
    width[axis] = (radius, radius)
    return sliding_window_view(numpy.pad(mask, width, mode="edge"), 2 * radius + 1, axis=axis)


def dilated(mask, radius):
    """The largest of the (2 radius + 1)^2 values about each pixel."""
    return windows(windows(mask, radius, 0).max(axis=-1), radius, 1).max(axis=-1)


def eroded(mask, radius):
    return 255 - dilated(255 - mask, radius)


def softened(mask, sigma):
    """Blurred by a Gaussian that is cut at 3 sigma."""
    radius = int(numpy.ceil(3 * sigma))
    weights = numpy.exp(-0.5 * (numpy.arange(-radius, radius + 1) / sigma) ** 2)
    for axis in (0, 1):
        mask = numpy.average(windows(mask, radius, axis), axis=-1, weights=weights)
    return rounded(mask)


def moved(mask, count):
    """Down and to the right, the edge repeated."""
    return numpy.pad(mask, ((count, 0), (count, 0)), mode="edge")[:mask.shape[0], :mask.shape[1]]


def deepest(inside):
    """(row, column) of a pixel that lies farthest from the region's edge; the picture's own edge is one, since it would cut
    a disc."""
    left = inside
    while left.any():
        inside, around = left, numpy.pad(left, 1)
        left = left & around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    return divmod(int(numpy.argmax(inside)), inside.shape[1])


def disc(inside, count):
    """The `count` pixels of a region that are nearest to its deepest one, as a mask: a disc where the region is wide enough,
    and exactly as large in any case."""
    row, column = deepest(inside)
    rows, columns = numpy.nonzero(inside)
    order = numpy.argsort((rows - row) ** 2 + (columns - column) ** 2, kind="stable")[:count]
    mask = numpy.zeros(inside.shape, numpy.uint8)
    mask[rows[order], columns[order]] = 255
    return mask


def only_inside(composite, truth, mask):
    """The composite where the mask is white, the truth elsewhere."""
    return numpy.where((mask > 127)[..., None], composite, truth)


def recoloured_like(composite, truth, inside):
    """The whole truth, recoloured as its inside was: each channel by the line that takes the mean and the deviation of the
    inside from the truth's to the composite's."""
    before, after = (picture[inside].astype(numpy.float64) for picture in (truth, composite))
    # A flat inside says nothing about contrast: below one level the quotient would be noise.
    slope = numpy.maximum(after.std(axis=0), 1) / numpy.maximum(before.std(axis=0), 1)
    return rounded((truth - before.mean(axis=0)) * slope + after.mean(axis=0))
