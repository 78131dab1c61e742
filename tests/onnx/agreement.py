"""The comparison itself, in compare's environment: agreement.py PROGRAM REGEX-of-models."""

import pathlib
import re
import subprocess
import sys
import tempfile

import models
import numpy
import onnx
import onnxruntime
import wide_png

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZES = [(1, 1), (7, 5), (33, 64), (40, 24), (100, 3), (256, 171), (304, 76), (300, 500), (704, 704), (1000, 700)]  # height, width
MOST_BLENDED = 2**19  # pixels that attune's blend head sees whole; more of them in tiles, of which the exported graph knows nothing
TOLERANCE = 1e-4 + 1 / 65535  # attune's side is stored in 16 bits
LEAST_CHANGE = 0.02  # of some colour of each soft mask's picture that isn't tiny, that there is something to compare


def composite_of(random, size):
    """Slopes and noise, in all of 0..1."""
    y, x = numpy.mgrid[:size[0], :size[1]]
    slopes = [numpy.sin(random.uniform(1, 4) * y / size[0] + random.uniform(1, 4) * x / size[1] + phase)
              for phase in random.uniform(0, 6, 3)]
    picture = 0.5 + 0.4 * numpy.stack(slopes, axis=-1) + random.uniform(-0.1, 0.1, (*size, 3))
    return numpy.round(picture.clip(0, 1) * 65535).astype(numpy.uint16)


def disc(size):
    """The distance from the middle as a share of the sides, less the radius."""
    y, x = numpy.mgrid[:size[0], :size[1]]
    return numpy.hypot((y + 0.5) / size[0] - 0.5, (x + 0.5) / size[1] - 0.5) - 0.3


def speck(size):
    mask = numpy.zeros(size)
    mask[size[0] // 2, size[1] // 3] = 1
    return mask


MASKS = {
    "soft": lambda random, size: (0.5 - 4 * disc(size) + random.uniform(-0.2, 0.2, size)).clip(0, 1),
    "hard": lambda random, size: disc(size) < 0,
    "grey": lambda random, size: random.uniform(0.1, 0.9, size),
    "speck": lambda random, size: speck(size),
    "hole": lambda random, size: 1 - speck(size),
    "empty": lambda random, size: numpy.zeros(size),
    "full": lambda random, size: numpy.ones(size),
}


def make_pictures(folder):
    """By size, the composites [masks, height, width, 3] and masks [masks, height, width], which are also in files."""
    random = numpy.random.default_rng(1)
    made = {}
    for size in SIZES:
        pairs = []
        for kind, mask_of in MASKS.items():
            composite = composite_of(random, size)
            mask = numpy.round(mask_of(random, size) * 255.0).astype(numpy.uint8)
            name = f"{size[0]}x{size[1]}_{kind}.png"
            wide_png.write(folder / "composites" / name, composite)
            wide_png.write(folder / "masks" / name, mask[:, :, None])
            pairs.append((composite, mask))
        made[size] = tuple(map(numpy.stack, zip(*pairs)))
    return made


def run_attune(program, folder, model, size):
    """[masks, height, width, 3] in 0..1."""
    return numpy.stack([wide_png.read(folder / "attune" / model / f"{size[0]}x{size[1]}_{kind}.png") / 65535
                        for kind in MASKS])


def run_onnx(session, composites, masks):
    """All masks of a size are one batch."""
    inputs = {"composite": (composites / 65535).astype(numpy.float32).transpose(0, 3, 1, 2),
              "mask": (masks / 255).astype(numpy.float32)[:, None]}
    (harmonized,) = session.run(["harmonized"], inputs)
    return harmonized.transpose(0, 2, 3, 1)


def make_session(path):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def compare(program, folder, made, name, model):
    """Prints a row a size; the number of pictures that differ, or of which nothing was changed."""
    file = folder / f"{name}.onnx"
    subprocess.run([program, "export", "--model", model, "--onnx", file], check=True)
    subprocess.run([program, "harmonize", "--images", folder / "composites", "--masks", folder / "masks", "--model", model,
                    "--out", folder / "attune" / name, "--threads", "1"], check=True, stderr=subprocess.DEVNULL)
    session = make_session(file)
    failures = 0
    blends = models.OPTIONS.get(name, {}).get("head") == "blend"
    for size, (composites, masks) in made.items():
        if blends and size[0] * size[1] > MOST_BLENDED:
            continue
        attune, other = run_attune(program, folder, name, size), run_onnx(session, composites, masks)
        difference = numpy.abs(attune - other).max(axis=(1, 2, 3))
        change = numpy.abs(attune - composites / 65535).max(axis=(1, 2, 3))
        changed = min(size) < 5 or change[list(MASKS).index("soft")] >= LEAST_CHANGE
        wrong = [f"{kind} {value:.1e}" for kind, value in zip(MASKS, difference) if not value <= TOLERANCE]
        failures += len(wrong) + (not changed)
        print(f"{name:28} {size[0]:4} x {size[1]:4}   {difference.max():.1e}   {change.max():.2f}"
              f"{'   DIFFERS: ' + ', '.join(wrong) if wrong else ''}{'' if changed else '   UNCHANGED'}", flush=True)
    return failures


def main():
    program, pattern = sys.argv[1:]
    names = [name for name in ["shipped", *models.OPTIONS] if re.search(pattern, name)]
    if not names:
        sys.exit(f"compare: no model's name matches '{pattern}'")
    print(f"{'model':28} {'height x width':13}  greatest difference, greatest change")
    with tempfile.TemporaryDirectory(prefix="attune-onnx-") as place:
        folder = pathlib.Path(place)
        made = make_pictures(folder)
        failures = 0
        for name in names:
            model = ROOT / "models/small.safetensors" if name == "shipped" else models.make(program, folder, name)
            failures += compare(program, folder, made, name, model)
    if failures:
        sys.exit(f"compare: {failures} pictures differ by more than {TOLERANCE:.1e}, or did not change")


if __name__ == "__main__":
    main()
