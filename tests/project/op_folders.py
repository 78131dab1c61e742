#!/usr/bin/env python3
"""Checks that every op, a folder in kernels/, has all that belongs to an op: contract, bodies, cases, test, reference,
benchmark. An op that lacks one would be compiled, but never compared or timed.
"""

import source_tree

BELONGS_TO_AN_OP = [
    "kernels/{op}/{op}.h",
    "kernels/{op}/{op}.cpp",
    "kernels/{op}/{op}_cpu.cpp",
    "kernels/{op}/{op}.cu",
    "tests/kernels/{op}_cases.h",
    "tests/kernels/{op}_test.cpp",
    "tests/cuda_on_host/{op}_test.cpp",
    "tests/reference/{op}_reference.h",
    "tests/reference/backend/{op}_cpu.cpp",
    "benchmarks/{op}_bench.cpp",
]


def check(root):
    ops = sorted(folder.name for folder in (root / "kernels").glob("*") if folder.is_dir())
    if not ops:
        return [f"{root}: no op found in kernels/"]
    return [f"kernels/{op}: {path} is missing" for op in ops
            for path in (pattern.format(op=op) for pattern in BELONGS_TO_AN_OP) if not (root / path).is_file()]


def self_test():
    def tree(*ops):
        return {pattern.format(op=op): "" for op in ops for pattern in BELONGS_TO_AN_OP}

    source_tree.expect({"kernels/CMakeLists.txt": ""}, check, "no op")
    source_tree.expect(tree("first", "second"), check)
    for pattern in BELONGS_TO_AN_OP:
        files = tree("first", "second")
        missing = pattern.format(op="second")
        del files[missing]
        files["kernels/second/shared.h"] = ""
        source_tree.expect(files, check, "kernels/second", missing)


if __name__ == "__main__":
    source_tree.main(self_test, check)
