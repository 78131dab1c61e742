"""The lists of pictures, in iHarmony4's layout."""

from typing import NamedTuple

import numpy
from PIL import Image


class Picture(NamedTuple):
    name: str
    composite: numpy.ndarray
    truth: numpy.ndarray
    mask: numpy.ndarray  # 0 or 255

    def inside(self):
        return self.mask > 127

    def longer_side(self):
        return max(self.mask.shape)

    def share(self):
        """Of the picture that is foreground."""
        return float(numpy.mean(self.inside()))


def paths_of(folder, name):
    """Of a composite, its mask and its photograph: NAME_K_V.jpg, NAME_K.png, NAME.jpg."""
    stem, dot, extension = name.rpartition(".")
    return (folder / "composite_images" / name, folder / "masks" / f"{stem.rsplit('_', 1)[0]}.png",
            folder / "real_images" / f"{stem.rsplit('_', 2)[0]}{dot}{extension}")


def read_colour(path):
    with Image.open(path) as image:
        return numpy.asarray(image.convert("RGB"))


def binary(mask):
    return numpy.where(mask > 127, 255, 0).astype(numpy.uint8)


def read_picture(folder, name):
    composite, mask, truth = paths_of(folder, name)
    return Picture(name, read_colour(composite), read_colour(truth), binary(read_colour(mask)[..., 0]))


def read_names(path):
    return [line.strip() for line in path.read_text().splitlines() if line.strip()]


def scaled(image, width, height):
    """By averaging over areas, as the network's own input is made."""
    return numpy.asarray(Image.fromarray(image).resize((width, height), Image.BOX))


def reduced(picture, longer):
    """To a longer side; one that isn't longer stays as it is."""
    if picture.longer_side() <= longer:
        return picture
    height, width = (max(1, round(side * longer / picture.longer_side())) for side in picture.mask.shape)
    return Picture(picture.name, scaled(picture.composite, width, height), scaled(picture.truth, width, height),
                   binary(scaled(picture.mask, width, height)))
