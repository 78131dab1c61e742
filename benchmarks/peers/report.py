"""compare's page, in Markdown, from what measure.py prints."""

import pathlib
import platform
import statistics

from contenders import EAGER
from goals import judge


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def table(head, alignments, rows):
    lines = [head, alignments, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def disagrees(contest):
    """Whether attune's outputs differ from PyTorch eager's, which are the reference."""
    return any(row["by"] == EAGER and row["from_attune"] > contest["tolerance"] for row in contest["rows"])


def difference(row, contest):
    text = f"{row['from_attune']:.1e}"
    if row["from_attune"] <= contest["tolerance"]:
        return text
    return text + (" DISAGREES" if row["by"] == EAGER else f", and from {EAGER} by {row['from_eager']:.1e}")


def contest_row(contest, row):
    ratios = row["ratios"]
    return [contest["name"], row["by"], f"{1e3 * row['seconds']:.3f}",
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})", f"{row['extra_bytes'] / 1e6:.1f}",
            difference(row, contest)]


def contests_table(contests):
    return table(["work", "by", "ms", "times attune's (least - most)", "MB beyond inputs and outputs", "differs by"],
                 ["---", "---", "---:", "---:", "---:", "---:"],
                 [contest_row(contest, row) for contest in contests for row in contest["rows"]])


def convolution_note(share):
    """Amdahl's bound."""
    eager, attune = share["eager"], share["attune"]
    return (f"PyTorch eager spends {eager:.0%} of a {share['dtype']} training step in convolutions and matrix products, "
            f"which libraries compute (oneDNN both sides' convolutions): a step without anything else would be at most "
            f"{1 / eager:.2f} times as fast. attune's spends {attune['convolution']:.0%} in convolutions, "
            f"{attune['linear']:.0%} in linear layers, {attune['patch_infonce']:.0%} in patch_infonce.\n")


def alone_table(measurements):
    return table(["attune alone", "from no model to the picture, ms", "MB beyond input and output",
                  "`attune harmonize` with its files, ms"], ["---", "---:", "---:", "---:"],
                 [[one["name"], f"{1e3 * one['seconds']:.0f}", f"{one['extra_bytes'] / 1e6:.0f}",
                   f"{1e3 * one['program_seconds']:.0f}"] for one in measurements])


def goals_table(verdicts):
    return table(["goal", "work", "measured", ""], ["---", "---", "---:", "---"],
                 [[text, name, f"{figure:.3g}", "met" if met else "not met"] for text, name, figure, met in verdicts])


def section(measurements):
    """Of the measurements of one thread count."""
    of_kind = {}
    for measurement in measurements:
        of_kind.setdefault(measurement["kind"], []).append(measurement)
    machine, = of_kind["machine"]
    threads = machine["threads"]
    parts = [f"## {threads} thread{'s' if threads > 1 else ''}, {processor()}, PyTorch {machine['torch']}\n"]
    if "contest" in of_kind:
        parts.append(contests_table(of_kind["contest"]))
    parts += [convolution_note(share) for share in of_kind.get("convolution share", ())]
    if "attune alone" in of_kind:
        parts.append(alone_table(of_kind["attune alone"]))
    verdicts = judge(measurements)
    if verdicts:
        parts.append(f"### Goals, {threads} thread{'s' if threads > 1 else ''}\n\n" + goals_table(verdicts))
    return "\n".join(parts)
