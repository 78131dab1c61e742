"""The page, in Markdown."""

import statistics
import textwrap
from typing import NamedTuple

WIDTH = 125  # of a line of text
HARM = 1.0  # dB: no picture should lose more

# The columns that most tables share, and what fills them.
SUMMARY = ("pictures", "gain, dB", "fMSE before", "after", "change", f"worse by over {HARM:g} dB")


class Section(NamedTuple):
    title: str
    words: str  # what was done
    tables: list  # of (head, rows)
    verdict: str


def mean(values):
    return statistics.fmean(values)


def gains(judged):
    return [one.gain() for one in judged]


def harmed(judged, decibels=HARM):
    return sum(gain < -decibels for gain in gains(judged))


def mean_gain(judged):
    return f"{mean(gains(judged)):+.2f}" if judged else "-"


def summary(judged):
    """The cells below SUMMARY."""
    if not judged:
        return ["0"] + ["-"] * (len(SUMMARY) - 1)
    before, after = (mean(score.fmse for score in scores) for scores in zip(*judged))
    change = f"{after / before - 1:+.0%}" if before > 0 else "-"
    return [str(len(judged)), mean_gain(judged), f"{before:.1f}", f"{after:.1f}", change, str(harmed(judged))]


def table(head, rows):
    alignments = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, alignments, *rows)) + "\n"


def paragraph(text, indent=""):
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def section_text(number, section):
    return "\n".join([f"## {number}. {section.title}\n", paragraph(section.words) + "\n",
                      *(table(*one) for one in section.tables)])


def page(introduction, agreement, sections):
    """`sections`: number -> Section."""
    verdicts = "\n".join(paragraph(f"{number}. {section.title}: {section.verdict}", "   ")
                         for number, section in sections.items())
    return "\n".join([introduction, paragraph(agreement) + "\n", "## Verdicts\n", verdicts + "\n",
                      *(section_text(number, section) for number, section in sections.items())])
