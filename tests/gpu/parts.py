"""The parts of an acceptance. Each takes the place, the time that it has, the options and a folder for what it writes.

A part returns what it measured, and under "failures" what went wrong; it raises Failed where it could not be carried out.
"""

import collections
import concurrent.futures
import json
import pathlib
import shutil
import sys

import reading
from place import ROOT, Failed, run, tail

sys.path.insert(0, str(ROOT / "tests/program"))
import pictures  # noqa: E402

NO_PYTORCH = 3  # torch_step.py's exit code


def build(place, clock, options, folder):
    names = place.tests(clock, options.only)
    place.build(clock, ["test." + name for name in names] + [place.program_target(), *place.bench_targets])
    return {"tests": len(names)}


def build_tests(place, clock, names):
    """What failed, in a list: the tests that were built run nevertheless."""
    try:
        place.build(clock, ["test." + name for name in names])
    except Failed as error:
        return [str(error)]
    return []


def run_tests(place, clock, names, folder, extra=None):
    """The tests' rows from ctest, and what failed."""
    failures = build_tests(place, clock, names)
    junit = folder / "ctest.xml"
    junit.unlink(missing_ok=True)
    chosen = "^(" + "|".join(names).replace(".", r"\.") + ")$"
    command = ["ctest", "--test-dir", place.folder, "-R", chosen, "-j", place.jobs, "--test-output-size-passed", "100000",
               "--test-output-size-failed", "100000", "--output-junit", junit]
    result = run(command, clock.left(), dict(place.environment, **(extra or {})))
    if not junit.exists():
        raise Failed(f"ctest: {tail(result.output)}")
    rows = reading.read_ctest(junit.read_text(errors="replace"))
    missing = sorted(set(names) - {row["test"] for row in rows})
    rows += [{"test": name, "status": "not run", "seconds": 0, "why": "ctest has not run it"} for name in missing]
    return rows, failures + [f"{row['test']}: {row['why']}" for row in rows if row["status"] != "passed"]


def tests(place, clock, options, folder):
    rows, failures = run_tests(place, clock, place.tests(clock, options.only), folder)
    return {"tests": rows, "failures": failures}


def parity(place, clock, options, folder):
    """Networks of random shape, on this device and on the CPU: tests/cuda_on_host/parity_test.cpp."""
    extra = {"ATTUNE_PARITY_NETWORKS": str(place.parity_networks), "ATTUNE_PARITY_SEED": str(options.seed)}
    rows, failures = run_tests(place, clock, [place.prefix + ".parity"], folder, extra)
    return {"networks": place.parity_networks, "seed": options.seed, "tests": rows, "failures": failures}


def sanitizer(place, clock, options, folder):
    names = place.op_tests(clock, options.only)
    failures = build_tests(place, clock, names)
    work = [(tools, name, command) for name in names for tools, command in place.sanitizer_commands(name).items()]

    def check(tools, name, command):
        try:
            result = run(command, clock.left(), place.environment)
        except Failed as error:
            return [(tool, {"test": name, "errors": 1, "why": str(error)}) for tool in tools]
        found = ((tool, reading.read_sanitizer(tool, result.code, result.output, place.sanitizers_have_summaries))
                 for tool in tools)
        return [(tool, {"test": name, **row}) for tool, row in found]

    rows = collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor(max(1, place.jobs // 2)) as pool:
        for found in pool.map(lambda job: check(*job), work):
            for tool, row in found:
                rows[tool].append(row)
    failures += [f"{tool}, {row['test']}: {row['why']}" for tool in rows for row in rows[tool] if row["errors"]]
    return {"tools": rows, "failures": failures}


def bench_rows(place, clock, row_filter, path):
    command = [place.folder / place.bench_program, "bench", "--device", place.bench_device, "--json", path,
               "--filter", row_filter]
    result = run(command, clock.left(), place.environment)
    if result.code != 0 or not path.exists():
        raise Failed(f"attune bench --device {place.bench_device}: exit code {result.code}: {tail(result.output, 1)}")
    return reading.read_bench(path.read_text())


def bench(place, clock, options, folder):
    """One run an op, so that what ends or lasts too long costs no other's rows; each measures the copy anew."""
    place.build(clock, place.bench_targets)
    filters = {"rows": options.bench_filter} if options.bench_filter else place.bench_filters
    rows, copies, failures = [], [], []
    for name, row_filter in filters.items():
        try:
            table = bench_rows(place, clock, f"{row_filter}|^stream/copy", folder / f"{name}.json")
        except (Failed, ValueError, KeyError) as error:
            failures.append(f"{name}: {error}")
            continue
        copies.append(table["copy_GB/s"])
        rows += [row for row in table["rows"] if row["row"] != "stream/copy"]
        failures += [f"{row['row']}: {row['why']}" for row in table["rows"] if "why" in row]
        if table["copy_GB/s"] is None:
            failures.append(f"{name}: no row stream/copy to compare with")
    return {"device": place.bench_device, "copy_GB/s": copies, "rows": rows, "failures": failures}


def training_config(sizes, contrast):
    model = {"preset": "base", "channels": sizes["channels"], "activations": "bf16"}
    steps = {key: sizes[key] for key in ("steps", "batch", "size", "loader_threads")}
    return {
        "model": model, "data": [{"kind": "iharmony", "path": "pairs", "list": "all.txt"}],
        # Stored composites as they are: little work for the threads that fetch them.
        "sampling": {"fresh": 0, "whole_picture": 1, "mirror": 0, "jitter": 0},
        "train": {**steps, "checkpoint_every": sizes["steps"], "validate_every": sizes["steps"]},
        "loss": {"contrast": {"weight": 0.001 if contrast else 0, "samples": sizes["samples"], "width": sizes["width"],
                              "levels": list(range(len(sizes["channels"])))}}}


def make_pairs(folder, size, count=4):
    """Composites with known truth, in iHarmony4's layout."""
    mask = pictures.disc(size, size)
    for seed in range(count):
        real = pictures.photograph(size, size, seed)
        pictures.write_png(folder / f"real_images/p{seed}.png", real)
        pictures.write_png(folder / f"masks/p{seed}_1.png", mask)
        pictures.write_png(folder / f"composite_images/p{seed}_1_1.png", pictures.darkened(real, mask))
    (folder / "all.txt").write_text("".join(f"p{seed}_1_1.png\n" for seed in range(count)))


def train(place, clock, folder, contrast):
    (folder / "config.json").write_text(json.dumps(training_config(place.training, contrast)))
    shutil.rmtree(folder / "run", ignore_errors=True)
    command = [place.program(), "train", folder / "config.json", "--out", folder / "run", "--device", place.device]
    result = run(command, clock.left(), place.environment)
    if result.code != 0:
        raise Failed(f"attune train: exit code {result.code}: {tail(result.output, 1)}")
    return reading.read_training((folder / "run/metrics.jsonl").read_text())


def contrast_of_patches(place, clock, folder):
    """patch_infonce forward and backward; hot, for PyTorch's calls follow one another too."""
    shape = "N{batch}_K{rows}_M{rows}_D{depth}".format(**place.patches)
    names = [f"patch_infonce/{direction}/bf16/{shape}/hot" for direction in ("forward", "backward")]
    table = bench_rows(place, clock, f"^({'|'.join(names)})$", folder / "patch_infonce.json")
    return reading.add_up(table["rows"], names, place.patches["batch"])


def step_options(place, contrast):
    sizes = place.training
    return ["--work", "step", "--channels", ",".join(map(str, sizes["channels"])), "--batch", sizes["batch"],
            "--size", sizes["size"], *(["--contrast"] if contrast else [])]


def patches_options(place):
    return ["--work", "patch_infonce", *(word for key, value in place.patches.items() for word in (f"--{key}", value))]


def run_torch(place, clock, mode, options):
    command = [sys.executable, pathlib.Path(__file__).with_name("torch_step.py"), "--mode", mode,
               "--device", place.torch_device, "--steps", max(4, place.training["steps"] // 2), *options]
    result = run(command, clock.left())
    if result.code == NO_PYTORCH:
        return {"why": tail(result.output, 1)}
    if result.code != 0:
        raise Failed(f"PyTorch {mode}: exit code {result.code}: {tail(result.output, 1)}")
    return json.loads([line for line in result.output.splitlines() if line.startswith("{")][-1])  # warnings around it


def beside_torch(place, clock, work, attune, torch_options):
    """The rows of attune, which a function measures, and of PyTorch on the same work; and what failed."""
    measures = {"attune": attune}
    for mode in ("eager", "compile"):
        measures[f"PyTorch {mode}"] = lambda mode=mode: run_torch(place, clock, mode, torch_options)
    rows, failures = [], []
    for by, measure in measures.items():
        row = {"by": by}
        try:
            row.update(measure())
        except (Failed, ValueError, KeyError, IndexError, OSError) as error:
            row["why"] = str(error)
            failures.append(f"{by}, {work}: {error}")
        rows.append(row)
    reading.compare(rows)
    return rows, failures


def training(place, clock, options, folder):
    """Pictures/s with and without the contrastive loss, whose steps in attune also fetch their pictures; and that loss's
    kernel alone."""
    place.build(clock, [place.program_target(), *place.bench_targets])
    make_pairs(folder / "pairs", place.training["size"])
    steps, failures = [], []
    for contrast in (False, True):
        rows, failed = beside_torch(place, clock, f"step with{'' if contrast else 'out'} contrast",
                                    lambda: train(place, clock, folder, contrast), step_options(place, contrast))
        steps += [{"contrast": contrast, **row} for row in rows]
        failures += failed
    rows, failed = beside_torch(place, clock, "patch_infonce", lambda: contrast_of_patches(place, clock, folder),
                                patches_options(place))
    sizes = {key: place.training[key] for key in ("channels", "batch", "size")}
    return {**sizes, "rows": steps, "patch_infonce": {**place.patches, "rows": rows}, "failures": failures + failed}


PARTS = {"build": build, "tests": tests, "parity": parity, "bench": bench, "training": training, "sanitizer": sanitizer}
# Seconds that the parts before leave to each, where they run together.
RESERVED = {"build": 0, "tests": 30, "parity": 30, "bench": 150, "training": 120, "sanitizer": 120}
