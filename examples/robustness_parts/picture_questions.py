"""Questions about the picture: shifted, noisy, small or large, without colour."""

from robustness_parts.bench import SIZES
from robustness_parts.changes import cropped, grey, jpeg_noise
from robustness_parts.page import SUMMARY, Section, gains, harmed, mean, summary
from robustness_parts.scores import chroma, difference, judge, rms_inside

SHIFTS = (0, 1, 2, 4, 8)
QUALITIES = (95, 80, 60, 40)


def span(values, form="+.2f"):
    return f"{min(values):{form}} to {max(values):{form}}"


def strengths(pictures, outputs):
    """How much each picture was changed: levels, inside its mask."""
    return [rms_inside(difference(output, picture.composite), picture.inside())
            for picture, output in zip(pictures, outputs)]


def share_text(part, whole):
    return f"{part / whole:.0%}" if whole > 0 else "-"


def shifted(picture, count):
    return picture._replace(composite=cropped(picture.composite, count), truth=cropped(picture.truth, count),
                            mask=cropped(picture.mask, count))


def shift(bench):
    rows, differences, all_gains = [], [], []
    for name, pictures in bench.lists.items():
        strength = mean(strengths(pictures, bench.plain(name)))
        for count in SHIFTS:
            crops = [shifted(picture, count) for picture in pictures]
            outputs = bench.harmonize(crops)
            apart = [rms_inside(difference(output, cropped(plain, count)), crop.inside())
                     for crop, output, plain in zip(crops, outputs, bench.plain(name))]
            gain = mean(gains(judge(crops, outputs)))
            rows.append([name, str(count), f"{mean(apart):.2f}", f"{max(apart):.2f}", share_text(mean(apart), strength),
                         f"{gain:+.2f}"])
            differences.append((mean(apart), f"{share_text(mean(apart), strength)} of the change ({name}, {count} cut)"))
            all_gains.append(gain)
    words = (f"Picture, mask and photograph lose their first {', '.join(map(str, SHIFTS))} rows and columns. The result is "
             "compared with the same part of the uncut picture's, root of the mean square inside the mask, in levels; \"of "
             "the change\": as a share of what the model changes at all.")
    head = ("list", "rows and columns cut", "mean difference", "largest", "of the change", "gain, dB")
    most, where = max(differences)
    verdict = (f"results differ by up to {most:.2f} levels on average, {where}; the mean gain stays within "
               f"{span(all_gains)} dB. No goal was set.")
    return Section("Shifted pictures", words, [(head, rows)], verdict)


def noise(bench):
    rows, all_gains = [], []
    for name, pictures in bench.lists.items():
        rows.append([name, "none", *summary(judge(pictures, bench.plain(name))), "-"])
        for quality in QUALITIES:
            noisy = [picture._replace(composite=jpeg_noise(picture.composite, quality)) for picture in pictures]
            outputs = bench.harmonize(noisy)
            apart = [effect_difference(*four) for four in zip(pictures, bench.plain(name), noisy, outputs)]
            judged = judge(noisy, outputs)
            rows.append([name, str(quality), *summary(judged), f"{mean(apart):.2f}"])
            all_gains.append(mean(gains(judged)))
    words = ("The composite is written as JPEG (4:2:0) and read again. Gains are over the equally noisy composite, against "
             "the clean photograph, so that the noise itself, which no model takes away, holds them down. \"Effect apart\": "
             "what the model changes in the noisy composite, less what it changes in the clean one, in levels, root of the "
             "mean square inside the mask, mean over pictures.")
    verdict = f"with noise the mean gain is {span(all_gains)} dB, always over the noisy composite. No goal was set."
    return Section("JPEG noise", words, [(("list", "quality", *SUMMARY, "effect apart"), rows)], verdict)


def effect_difference(picture, output, noisy, noisy_output):
    effect, noisy_effect = difference(output, picture.composite), difference(noisy_output, noisy.composite)
    return rms_inside(noisy_effect - effect, picture.inside())


def size(bench):
    judged = {}
    for longer, pictures in bench.at_size.items():
        taking_part = [picture for picture in pictures if picture.longer_side() == longer]
        judged[longer] = dict(zip([one.name for one in taking_part], judge(taking_part, bench.harmonize(taking_part))))
    everywhere = set.intersection(*(set(one) for one in judged.values()))
    same = {longer: [one[name] for name in sorted(everywhere)] for longer, one in judged.items()}
    rows = [[who, str(longer), *summary(list(chosen[longer]))] for who, chosen in (
        ("all that are large enough", {longer: one.values() for longer, one in judged.items()}),
        ("the same pictures at every size", same)) for longer in SIZES]
    words = ("real_triples, reduced by area averaging from their native size to a longer side of so many pixels; none is "
             "enlarged, so that fewer take part in the larger sizes.")
    head = ("pictures of real_triples", "longer side", *SUMMARY)
    verdict = (f"for the {len(everywhere)} pictures that take part everywhere the mean gain is "
               f"{span([mean(gains(one)) for one in same.values()])} dB from size to size. No goal was set.")
    return Section("Sizes", words, [(head, rows)], verdict)


def greyscale(bench):
    rows, added, worse, all_gains = [], [], 0, []
    for name, pictures in bench.lists.items():
        without = [picture._replace(composite=grey(picture.composite), truth=grey(picture.truth)) for picture in pictures]
        outputs = bench.harmonize(without)
        judged = judge(without, outputs)
        colour = [chroma(output, picture.inside()) for picture, output in zip(without, outputs)]
        rows.append([name, *summary(judged), f"{mean(colour):.2f}", f"{max(colour):.2f}"])
        added, worse, all_gains = added + colour, worse + harmed(judged), all_gains + gains(judged)
    words = ("Composite and photograph are turned to grey: only lightness is wrong. \"Chroma\": the mean distance of a "
             "foreground pixel's largest channel from its smallest, in levels; it was 0 and should stay so.")
    verdict = (f"the model adds {mean(added):.1f} levels of chroma on average ({max(added):.1f} in the worst picture) to "
               f"pictures that have none; mean gain {mean(all_gains):+.2f} dB, {worse} of {len(added)} worse by over 1 dB. "
               "No goal was set.")
    return Section("Greyscale photographs", words, [(("list", *SUMMARY, "mean chroma", "largest"), rows)], verdict)
