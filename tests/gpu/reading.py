"""Reads what ctest, compute-sanitizer, the host's CUDA runtime, Google Benchmark and `attune train` write."""

import json
import math
import re
import statistics
import xml.etree.ElementTree

SKIPPED = "skipped: no CUDA device"  # tests/cuda_on_host/schedule.h

# What each of compute-sanitizer's tools finds: as it says it, and as the host's runtime does (README.md there).
FAULTS = {
    "memcheck": (r"Invalid __\w+__ (?:read|write|atomic)", r"Program hit \w+", r"out of bounds", r"outside every __shared__",
                 r"misaligned", r"undefined behaviour"),
    "racecheck": (r"(?:Error|Warning): .*(?:Race|hazard)", r"Race reported", r"race on", r"host code wrote to byte"),
    "initcheck": (r"Uninitialized __\w+__ memory", r"Host API (?:memory access error|uninitialized memory)",
                  r"read of unwritten"),
    "synccheck": (r"Barrier error detected", r"Invalid (?:arguments|warp mask)", r"divergent barrier", r"leaves itself out",
                  r"which the mask leaves out", r"waits for lane", r"meets one"),
}
ALL_FAULTS = "|".join(pattern for patterns in FAULTS.values() for pattern in patterns)
# "ERROR SUMMARY: 3 errors", "RACECHECK SUMMARY: 2 hazards displayed (1 error, 1 warning)"
SUMMARY = re.compile(r"=+ (?:ERROR|RACECHECK) SUMMARY: (\d+) (?:errors?|hazards?)")
MOST_LETTERS = 300  # of a reason


def unwrapped(text):
    """Catch breaks long lines and indents what follows."""
    return re.sub(r"\s+", " ", text)


def why_failed(output):
    """One line on why a test failed: a fault that was reported, what Catch says, else the last line."""
    fault = re.search(ALL_FAULTS, unwrapped(output))
    if fault:
        return unwrapped(output)[fault.start():][:MOST_LETTERS].strip()
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for at, line in enumerate(lines):
        if "FAILED:" in line:
            return unwrapped(" ".join(lines[at:at + 4]))[:MOST_LETTERS]
    return lines[-1][:MOST_LETTERS] if lines else "no output"


def read_ctest(junit):
    """A dict a test from ctest's JUnit file. One that found no device has judged nothing."""
    rows = []
    for case in xml.etree.ElementTree.fromstring(junit).iter("testcase"):
        output = case.findtext("system-out") or ""
        status = {"run": "passed", "fail": "failed"}.get(case.get("status"), "not run")
        if status == "passed" and SKIPPED in unwrapped(output):
            status = "not run"
        row = {"test": case.get("name"), "status": status, "seconds": round(float(case.get("time") or 0), 3)}
        if status != "passed":
            row["why"] = SKIPPED if SKIPPED in unwrapped(output) else why_failed(output)
        rows.append(row)
    return rows


def read_sanitizer(tool, code, output, has_summary):
    """What one run of one test under a tool showed: {"errors": count} and, where there is something to say, "why"."""
    text = unwrapped(output)
    fault = re.search("|".join(FAULTS[tool]), text)
    why = text[fault.start():][:MOST_LETTERS].strip() if fault else None
    if SKIPPED in text:
        return {"errors": 1, "why": SKIPPED}
    if has_summary:
        summaries = SUMMARY.findall(text)
        if not summaries:
            return {"errors": 1, "why": f"{tool} wrote no summary: {why_failed(output)}"}
        errors = sum(map(int, summaries))
        if errors:
            return {"errors": errors, "why": why or why_failed(output)}
    elif fault:
        return {"errors": len(re.findall("|".join(FAULTS[tool]), text)), "why": why}
    elif re.search(ALL_FAULTS, text):
        return {"errors": 0}  # another tool's
    return {"errors": 1, "why": f"exit code {code}: {why_failed(output)}"} if code != 0 else {"errors": 0}


def read_bench(text):
    """Rows of Google Benchmark's JSON, with the shares of the copy and of the multiply-adds that were measured in the same
    run."""
    unit = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}
    rows, copy = [], None
    for row in json.loads(text)["benchmarks"]:
        if row.get("run_type") == "aggregate":
            continue
        if row.get("error_occurred"):
            rows.append({"row": row["name"], "why": row.get("error_message", "failed")})
            continue
        microseconds = row["real_time"] * unit[row.get("time_unit", "ns")]
        rate = row.get("GB/s", row["bytes"] / microseconds * 1e-3 if "bytes" in row else None)
        rows.append({"row": row["name"], "microseconds": microseconds, "GB/s": rate, "GF/s": row.get("GF/s"),
                     "share_of_peak": row.get("arithmetic_ceiling"), "ceiling": row.get("ceiling")})
        if row["name"] == "stream/copy":
            copy = rows[-1]["GB/s"]
    for row in rows:
        if copy and row.get("GB/s") is not None:
            row["share_of_copy"] = row["GB/s"] / copy
    return {"copy_GB/s": copy, "rows": rows}


def add_up(rows, names, batch):
    """The rows of these names as one piece of work on a batch of images."""
    found = [row for row in rows if row["row"] in names]
    failed = [f"{row['row']}: {row['why']}" for row in found if "why" in row]
    if failed or len(found) != len(names):
        raise ValueError("; ".join(failed) or f"expected the rows {', '.join(names)}")
    microseconds = sum(row["microseconds"] for row in found)
    at_peak = sum(row["microseconds"] * row["share_of_peak"] for row in found)
    return {"milliseconds": microseconds * 1e-3, "images_per_s": batch / microseconds * 1e6,
            "share_of_peak": at_peak / microseconds}


def compare(rows):
    """Adds to PyTorch's rows how many times as fast attune's, the first one, is."""
    ours = rows[0].get("images_per_s")
    for row in rows[1:]:
        if ours and row.get("images_per_s"):
            row["attune_times_as_fast"] = ours / row["images_per_s"]


def read_training(text):
    """The rate of a run's metrics.jsonl: the median of the steps after the first quarter, which warm up."""
    lines = [json.loads(line) for line in text.splitlines()]
    rates = [line["images_per_s"] for line in lines[len(lines) // 4:]]
    losses = [line["loss"] for line in lines]
    if not rates or not all(math.isfinite(loss) for loss in losses):
        raise ValueError("metrics.jsonl holds no steps, or a loss that is not finite")
    return {"images_per_s": statistics.median(rates), "steps": len(lines), "loss_first": losses[0], "loss_last": losses[-1]}
