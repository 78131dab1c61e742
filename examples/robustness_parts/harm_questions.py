"""Questions that have a goal: does harmonizing twice drift, and what is made worse?"""

from typing import NamedTuple

import numpy

from robustness_parts.page import HARM, Section, mean
from robustness_parts.picture_questions import strengths
from robustness_parts.scores import judge, ratios

SHOWN = 10
MOST_DRIFT = 1 / 3  # of the first pass, that the second may change
LOSSES = (0.1, 0.5, HARM)


def verdict(met, text):
    return f"{'met' if met else 'NOT MET'}: {text}"


class Passes(NamedTuple):
    """What two passes made of a picture: changes in levels, inside the mask, and PSNR in dB."""
    list: str
    name: str
    first: float
    second: float
    ratio: float
    once: float
    twice: float


def two_passes(bench, name):
    pictures, once = bench.lists[name], bench.plain(name)
    again = [picture._replace(composite=output) for picture, output in zip(pictures, once)]
    twice = bench.harmonize(again)
    firsts, seconds = strengths(pictures, once), strengths(again, twice)
    return [Passes(name, picture.name, first, second, ratio, one.gain(), one.gain() + other.gain())
            for picture, first, second, ratio, one, other in zip(
                pictures, firsts, seconds, ratios(firsts, seconds), judge(pictures, once), judge(again, twice))]


def passes_row(name, passes):
    found = [one.ratio for one in passes]
    return [name, str(len(passes)), f"{mean(one.first for one in passes):.1f}", f"{mean(one.second for one in passes):.1f}",
            f"{mean(found):.2f}", f"{numpy.median(found):.2f}", f"{numpy.percentile(found, 90):.2f}", f"{max(found):.2f}",
            str(sum(ratio > MOST_DRIFT for ratio in found)), f"{mean(one.once for one in passes):+.2f}",
            f"{mean(one.twice for one in passes):+.2f}"]


def twice(bench):
    of_list = {name: two_passes(bench, name) for name in bench.lists}
    everything = [one for passes in of_list.values() for one in passes]
    rows = [passes_row(name, passes) for name, passes in [*of_list.items(), ("both", everything)]]
    worst = sorted(everything, key=lambda one: -one.ratio)[:SHOWN]
    worst_rows = [[one.name, one.list, f"{one.first:.1f}", f"{one.second:.1f}", f"{one.ratio:.2f}", f"{one.once:+.2f}",
                   f"{one.twice:+.2f}"] for one in worst]
    words = ("The result, as 8-bit PNG, is harmonized again. Changes are roots of mean squares inside the mask, in levels; "
             f"the ratio is of a picture's second change to its first. Below: the {SHOWN} largest ratios.")
    head = ("list", "pictures", "first change", "second", "ratio, mean", "median", "90th percentile", "largest", "over 1/3",
            "gain once, dB", "twice")
    worst_head = ("picture", "list", "first change", "second", "ratio", "gain once, dB", "twice")
    found = [one.ratio for one in everything]
    over = sum(ratio > MOST_DRIFT for ratio in found)
    text = (f"the second pass changes {mean(found):.2f} of the first on average, {max(found):.2f} at most; {over} of "
            f"{len(found)} pictures are over the goal of 1/3.")
    return Section("Harmonized twice", words, [(head, rows), (worst_head, worst_rows)], verdict(over == 0, text))


class Harm(NamedTuple):
    list: str
    name: str
    before: float
    after: float

    def loss(self):
        return self.before - self.after


def harms_by_eval(bench, name):
    found = bench.subject.picture_psnr(bench.folders[name], bench.names[name], "idih")
    return [Harm(name, composite, psnr["composite"], psnr["model"]) for composite, psnr in found.items()]


def harms_here(bench, name, pictures, outputs):
    return [Harm(name, picture.name, judged.before.psnr, judged.after.psnr)
            for picture, judged in zip(pictures, judge(pictures, outputs))]


def harm_row(protocol, name, harms):
    return [protocol, name, str(len(harms)), f"{mean(one.before for one in harms):.2f}",
            f"{mean(one.after for one in harms):.2f}", *(str(sum(one.loss() > most for one in harms)) for most in LOSSES),
            f"{max(one.loss() for one in harms):.2f}"]


def worse_than_nothing(bench):
    triples = bench.at_size[max(bench.at_size)]
    by_protocol = {"idih": {name: harms_by_eval(bench, name) for name in bench.names},
                   "full": {"mini_test": harms_here(bench, "mini_test", bench.lists["mini_test"], bench.plain("mini_test")),
                            "real_triples": harms_here(bench, "real_triples", triples, bench.harmonize(triples))}}
    rows = [harm_row(protocol, name, harms) for protocol, lists in by_protocol.items() for name, harms in lists.items()]
    pairs = [pair for name in bench.names for pair in zip(*(lists[name] for lists in by_protocol.values()))]
    listed = sorted((pair for pair in pairs if any(one.loss() > LOSSES[0] for one in pair)),
                    key=lambda pair: -pair[0].loss())
    names = [[pair[0].name, pair[0].list,
              *(cell for one in pair for cell in (f"{one.before:.2f}", f"{one.after:.2f}", f"{-one.loss():+.2f}"))]
             for pair in listed]
    over = {protocol: sum(one.loss() > HARM for harms in lists.values() for one in harms)
            for protocol, lists in by_protocol.items()}
    words = ("Pictures whose PSNR falls. idih: at 256x256, by `attune eval`; full: native size, 8 bits, "
             "real_triples reduced to 1024. Below: all that lose over 0.1 dB under either, worst under idih first.")
    head = ("protocol", "list", "pictures", "PSNR before", "after", *(f"worse by over {most:g} dB" for most in LOSSES),
            "largest loss, dB")
    names_head = ("picture", "list", "idih before", "after", "gain, dB", "full before", "after", "gain, dB")
    text = (f"{over['idih']} of {len(pairs)} pictures lose over {HARM:g} dB under idih, {over['full']} under full; the goal "
            "is none.")
    return Section("Worse than doing nothing", words, [(head, rows), (names_head, names)],
                   verdict(not any(over.values()), text))
