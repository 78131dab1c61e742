#!/usr/bin/env python3
"""Checks who includes whom:  tools -> embed, optim, losses -> layers -> kernels -> core.

benchmarks and tests may include anything, and nothing may include them. A few third-party headers belong to one place
each, and `attune harmonize` reaches models through embed's public headers alone.
"""

import pathlib
import re

import source_tree

KERNELS = {"kernels", "core"}
LAYERS = {"layers"} | KERNELS
# What the sources of a folder may include.
MAY_INCLUDE = {
    "core": {"core"},
    "kernels": KERNELS,
    "layers": LAYERS,
    "losses": {"losses"} | LAYERS,
    "optim": {"optim"} | LAYERS,
    "embed": {"embed"} | LAYERS,
    "tools": {"tools", "embed", "optim", "losses"} | LAYERS,
    "examples": {"examples", "tools", "embed", "optim", "losses"} | LAYERS,
}
FREE = {"benchmarks", "tests"}

# Narrower rules for single files and folders, the first that matches a path: what they may include.
NARROWER = {
    "embed/attune/": {"embed/attune"},  # installed: it may need nothing else
    "tools/commands/harmonize.": {"tools", "embed/attune", "core"},
    "tools/harmonize/": {"tools", "core"},
}

# Third-party headers (and OpenMP's pragmas), and the only places that know them.
OWNED = [
    (re.compile(r'#\s*include\s*[<"](oneapi/)?dnnl'), "oneDNN", ("kernels/convolution/", "kernels/matmul/")),
    (re.compile(r'#\s*include\s*[<"](cudnn|cublas)'), "cuDNN or cuBLAS", ("kernels/convolution/", "kernels/matmul/")),
    (re.compile(r'#\s*include\s*[<"]omp\.h|#\s*pragma\s+omp\b|_Pragma\s*\(\s*"omp\b'), "OpenMP",
     ("core/parallel.h", "kernels/convolution/onednn_cpu.cpp")),  # the latter sets oneDNN's number of threads
]

SUFFIXES = {".h", ".hpp", ".inl", ".cpp", ".c", ".cu", ".cuh"}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def resolve(root, source, name):
    """The path below root that the quoted name stands for, or None where it is not the project's."""
    for base in (source.parent, root, root / "embed"):
        target = pathlib.Path(base, name)
        if target.is_file():
            target = target.resolve()
            if root.resolve() in target.parents:
                return target.relative_to(root.resolve()).as_posix()
    return name if name.split("/")[0] in MAY_INCLUDE.keys() | FREE else None


def allowed_for(path):
    for prefix, allowed in NARROWER.items():
        if path.startswith(prefix):
            return allowed
    return MAY_INCLUDE[path.split("/")[0]]


def check_file(root, source):
    path = source.relative_to(root).as_posix()
    allowed = allowed_for(path)
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1):
        for pattern, library, places in OWNED:
            if pattern.search(line) and not path.startswith(places):
                yield f"{path}:{number}: uses {library}, which is for {' and '.join(places)} only"
        match = INCLUDE.match(line)
        target = resolve(root, source, match.group(1)) if match else None
        if target and not any(target.startswith(folder + "/") for folder in allowed):
            yield f"{path}:{number}: includes {target}, but may include {', '.join(sorted(allowed))} only"


def check(root):
    sources = [source for folder in MAY_INCLUDE for source in sorted((root / folder).rglob("*"))
               if source.suffix in SUFFIXES]
    if not sources:
        return [f"{root}: no sources found"]
    return [violation for source in sources for violation in check_file(root, source)]


def self_test():
    def expect(path, line, *fragments):
        files = {"core/tensor.h": "", "embed/attune/attune.h": "", "embed/model.h": "", "tools/x.h": "", path: line}
        source_tree.expect(files, check, *fragments)

    source_tree.expect({"README.md": ""}, check, "no sources")
    for path, header in (("kernels/op/op.cu", "core/tensor.h"), ("layers/a.cpp", "kernels/op/op.h"),
                         ("losses/a.h", "layers/a.h"), ("optim/a.cpp", "layers/a.h"), ("embed/a.cpp", "layers/a.h"),
                         ("tools/a.cpp", "optim/a.h"), ("tools/a.cpp", "attune/attune.h"), ("tools/b/a.cpp", "../x.h"),
                         ("core/a.cpp", "zlib/z.h"), ("tests/a.cpp", "tools/a.h"), ("benchmarks/a.cpp", "tests/a.h"),
                         ("tools/commands/harmonize.cpp", "attune/attune.h"), ("examples/a.cpp", "kernels/op/op.h")):
        expect(path, f'#include "{header}"\n')
    for path, header in (("core/a.cpp", "kernels/op/op.h"), ("kernels/op/op.h", "layers/a.h"),
                         ("layers/a.cpp", "losses/a.h"), ("losses/a.cpp", "optim/a.h"), ("optim/a.cpp", "embed/a.h"),
                         ("embed/a.cpp", "tools/a.h"), ("embed/a.cpp", "losses/a.h"), ("tools/a.cpp", "tests/a.h"),
                         ("layers/a.cpp", "benchmarks/a.h"), ("embed/attune/a.h", "core/tensor.h"),
                         ("tools/a.cpp", "examples/a.h")):
        expect(path, f'\n  #  include "{header}"  // planted\n', f"{path}:2", header)
    expect("core/a/a.cpp", '#include "../../tools/x.h"\n', "core/a/a.cpp:1", "tools/x.h")
    expect("core/a.cpp", '#include "attune/attune.h"\n', "embed/attune/attune.h")
    expect("tools/commands/harmonize.cpp", '#include "embed/model.h"\n', "embed/model.h")
    expect("kernels/convolution/a_cpu.cpp", "#include <oneapi/dnnl/dnnl.hpp>\n")
    expect("kernels/op/a_cpu.cpp", "#include <dnnl.hpp>\n", "a_cpu.cpp:1", "oneDNN")
    expect("layers/a.cpp", "#include <oneapi/dnnl/dnnl.hpp>\n", "oneDNN")
    expect("layers/a.cpp", "#include <cublas_v2.h>\n", "cuBLAS")
    expect("core/parallel.h", "#include <omp.h>\n#pragma omp parallel for\n")
    expect("kernels/op/a_cpu.cpp", "#pragma omp parallel for\n", "OpenMP")
    expect("tools/a.cpp", "#include <omp.h>\n", "OpenMP")


if __name__ == "__main__":
    source_tree.main(self_test, check)
