"""The mutants of the CUDA kernels: what is mutated, how, which tests must notice, and which are known to mean the same."""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

BARRIERS = r"\b(?:__syncthreads|__syncwarp|reduce_rows)\(.*\);"
# clang-format puts spaces around comparisons and none into template brackets.
COMPARISON = r" (<=|<|>=|>) "
SHIFTED = {"<": ("<=", "< -1 +"), "<=": ("<", "<= 1 +"), ">": (">=", "> 1 +"), ">=": (">", ">= -1 +")}
LOOP_START = r"\bfor \([\w:]+ \w+ = "
RANGE_END = r"(?<![\w.])[\w.]+\.(?:begin|end)\b(?!\()"
# Binary operators stand between spaces, as clang-format puts them; signs and pointers do not.
SIGN = r" ([+-])(=?) "
FACTOR_OPERATOR = r" ([*/%])(=?) "
# A statement that only chooses the number of blocks: any number gives the same result.
LAUNCH_PLAN = r"\b(?:plan_line_grid|flat_grid_blocks|multiprocessor_count)\(|\bstd::clamp<"


class Mutant:
    def __init__(self, subject, path, line, kind, text):
        self.subject, self.path, self.line, self.kind, self.text = subject, path, line, kind, text
        self.original = path.read_text()

    def file(self):
        return str(self.path.relative_to(ROOT))

    def where(self):
        return f"{self.file()}:{self.line + 1}"

    def source(self):
        lines = self.original.split("\n")
        lines[self.line] = self.text
        return "\n".join(lines)


class Subject:
    """Code to mutate, and the tests that must notice: (test name, the units that contain the code)."""

    def __init__(self, name, files, tests):
        self.name, self.files, self.tests = name, files, tests

    def mutants(self):
        for path in self.files:
            in_launch_plan = False
            for number, line in enumerate(path.read_text().split("\n")):
                in_launch_plan = in_launch_plan or bool(re.search(LAUNCH_PLAN, line))
                if not in_launch_plan:
                    for kind, text in mutations_of(line):
                        yield Mutant(self, path, number, kind, text)
                in_launch_plan = in_launch_plan and not line.rstrip().endswith((";", "{", "}"))


def mutations_of(line):
    code = line.split("//")[0]
    if code.lstrip().startswith(("#", "template", "static_assert")):
        return
    for match in re.finditer(BARRIERS, code):
        yield "barrier deleted", f"{line[:match.start()]}/* {match.group()} */{line[match.end():]}"
    for match in re.finditer(COMPARISON, code):
        for other in SHIFTED[match.group(1)]:
            yield "bound shifted", f"{line[:match.start()]} {other} {line[match.end():]}"
    for match in re.finditer(LOOP_START, code):
        yield "start shifted", line[:match.end()] + "1 + " + line[match.end():]
    for match in re.finditer(RANGE_END, code):
        for shift in ("+", "-"):
            yield "range shifted", f"{line[:match.start()]}({match.group()} {shift} 1){line[match.end():]}"
    for match in re.finditer(SIGN, code):
        other = "-" if match.group(1) == "+" else "+"
        yield "sign swapped", f"{line[:match.start()]} {other}{match.group(2)} {line[match.end():]}"
    for match in re.finditer(FACTOR_OPERATOR, code):
        end = operand_end(code, match.end())
        if end is not None:
            dropped = " = 0 + " + line[match.end():end] if match.group(2) == "=" else ""
            yield "factor dropped", line[:match.start()] + dropped + line[end:]


def operand_end(code, start):
    """Where the operand that starts at `start` ends: a name or number with what it is indexed or called with. None where
    it goes on in the next line."""
    depth = 0
    for at in range(start, len(code)):
        letter = code[at]
        if letter in "([{<" and (letter != "<" or code[at - 1:at].isalnum()):
            depth += 1
        elif letter in ")]}" or (letter == ">" and depth and code[at - 1] != "-"):
            if depth == 0:
                return at
            depth -= 1
        elif depth == 0 and not (letter.isalnum() or letter in "_.:" or code[at:at + 2] == "->" or code[at - 1:at + 1] == "->"):
            return at
    return None


def all_subjects():
    subjects = []
    for op in sorted({path.parent for path in ROOT.glob("kernels/*/*.cu")}):
        kernels = sorted(op.glob("*.cu"))
        units = [*kernels, *HERE.glob(f"{op.name}_kernels.cu")]
        files = [*kernels, *sorted(op.glob("*.cuh"))]
        subjects.append(Subject(op.name, files, [(f"cuda_on_host.{op.name}", units)]))
    units = [HERE / "device_helpers.cu", HERE / "device_helpers_test.cpp"]
    subjects.append(Subject("core", sorted(ROOT.glob("core/cuda/*.cuh")),
                            [("cuda_on_host.device_helpers", units)] + [t for s in subjects for t in s.tests]))
    return subjects


class Equivalents:
    """The listed mutants: file -> mutated line -> reason."""

    def __init__(self):
        self.listed = json.loads((HERE / "equivalent_mutants.json").read_text())

    def reason(self, mutant):
        return self.listed.get(mutant.file(), {}).get(mutant.text.strip())

    def check(self, subjects):
        """Exits where an entry of the subjects' files is no mutant (any more)."""
        made = {(mutant.file(), mutant.text.strip()) for subject in subjects for mutant in subject.mutants()}
        for file in {str(path.relative_to(ROOT)) for subject in subjects for path in subject.files}:
            for text in self.listed.get(file, {}):
                if (file, text) not in made:
                    sys.exit(f"mutate: equivalent_mutants.json lists for {file} what is no mutant of it: {text}")
