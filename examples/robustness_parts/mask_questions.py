"""Questions about the mask: soft, wrong, very small or very large."""

import functools

from robustness_parts.changes import dilated, disc, eroded, moved, only_inside, recoloured_like, softened
from robustness_parts.page import HARM, SUMMARY, Section, gains, harmed, mean, mean_gain, summary
from robustness_parts.scores import judge

AS_IT_IS = "as it is"
MASKS = {AS_IT_IS: lambda mask: mask,
         **{f"soft, sigma {sigma}": functools.partial(softened, sigma=sigma) for sigma in (1, 2, 4)},
         **{f"too small by {radius}": functools.partial(eroded, radius=radius) for radius in (1, 2, 4)},
         **{f"too large by {radius}": functools.partial(dilated, radius=radius) for radius in (1, 2, 4)},
         "2 too far down and right": functools.partial(moved, count=2)}

SHARES = ((0, 0.01, "under 1 %"), (0.01, 0.05, "1 to 5 %"), (0.05, 0.15, "5 to 15 %"), (0.15, 0.5, "15 to 50 %"),
          (0.5, 0.8, "50 to 80 %"), (0.8, 1.01, "over 80 %"))
SMALL = (0.003, 0.005, 0.007, 0.009)  # of the picture: the discs' areas in turn
LARGE = 0.8


def wrong_masks(bench):
    rows, changes = [], {}
    for name, pictures in bench.lists.items():
        for kind, change in MASKS.items():
            given = [change(picture.mask) for picture in pictures]
            outputs = bench.subject.harmonize([picture.composite for picture in pictures], given)
            judged = judge(pictures, outputs)
            changes.setdefault(kind, []).extend(gains(judged))
            rows.append([name, kind, *summary(judged), str(sum(not mask.any() for mask in given))])
    words = ("The model is given another mask than the composite was made with (in pixels); all scores are with the true "
             "one. A mask too large recolours what was right, one too small leaves a rim of what was wrong: both count in "
             "PSNR, that of the whole picture. \"Empty\": masks of which nothing was left; the model then changes nothing.")
    worst = min(changes, key=lambda kind: mean(changes[kind]))
    verdict = (f"over all pictures the mean gain falls from {mean(changes[AS_IT_IS]):+.2f} dB with the true mask to "
               f"{mean(changes[worst]):+.2f} dB with the worst, \"{worst}\". No goal was set.")
    return Section("Soft masks, and masks wrong by a few pixels", words, [(("list", "mask", *SUMMARY, "empty"), rows)],
                   verdict)


def with_small_foreground(picture, share):
    """Only a disc of the foreground stays recoloured, and only that is the foreground."""
    mask = disc(picture.inside(), round(share * picture.mask.size))
    return picture._replace(composite=only_inside(picture.composite, picture.truth, mask), mask=mask)


def with_roles_swapped(picture):
    """The background recoloured as the foreground was, and taken for the foreground."""
    recoloured = recoloured_like(picture.composite, picture.truth, picture.inside())
    mask = 255 - picture.mask
    return picture._replace(composite=only_inside(recoloured, picture.truth, mask), mask=mask)


def made_small(pictures):
    return [with_small_foreground(picture, SMALL[number % len(SMALL)]) for number, picture in enumerate(pictures)
            if picture.share() >= max(SMALL)]


def made_large(pictures):
    return [with_roles_swapped(picture) for picture in pictures if 1 - picture.share() > LARGE]


def foreground_shares(bench):
    pictures = [picture for listed in bench.lists.values() for picture in listed]
    judged = judge(pictures, [output for name in bench.lists for output in bench.plain(name)])
    rows = [["as they are", label, *summary([one for picture, one in zip(pictures, judged)
                                             if least <= picture.share() < most])] for least, most, label in SHARES]
    verdicts = []
    for label, how, made in (("under 1 %", "a disc", made_small(pictures)),
                             ("over 80 %", "roles swapped", made_large(pictures))):
        found = judge(made, bench.harmonize(made))
        rows.append([how, label, *summary(found)])
        verdicts.append(f"{label} {mean_gain(found)} dB, {harmed(found)} of {len(found)} worse by over {HARM:g} dB")
    words = ("Pictures of both lists by their foreground's share. Such as are rare were made from them as well. \"A disc\": "
             "of the foreground only a disc of 0.3, 0.5, 0.7 or 0.9 % of the picture (in turn) about its innermost pixel "
             "stays recoloured, the rest is the photograph. \"Roles swapped\": a background of over 80 % is made the "
             "foreground: each of its channels is recoloured by the line that takes mean and deviation of the "
             "photograph's foreground to the composite's, and the former foreground is the photograph.")
    return Section("Small and large foregrounds", words, [(("made how", "foreground", *SUMMARY), rows)],
                   "made pictures, mean gain " + "; ".join(verdicts) + ". No goal was set.")
