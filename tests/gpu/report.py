"""An acceptance as a page of Markdown."""


def number(value, form):
    return "" if value is None else format(value, form)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return lines + ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows] + [""]


def arithmetic(row):
    """Rate and share of the peak, where these and not memory bound the row."""
    share = row.get("share_of_peak")
    if share is None or share <= (row.get("share_of_copy") or 0):
        return "", ""
    return number(row["GF/s"], ".1f"), number(share, ".0%")


def bench_table(part):
    rows = [(row["row"], number(row.get("microseconds"), ".1f"), number(row.get("GB/s"), ".1f"),
             number(row.get("share_of_copy"), ".0%"), *arithmetic(row), number(row.get("ceiling"), ".0%"),
             row.get("why", "")) for row in part.get("rows", [])]
    copies = [f"{rate:.0f}" for rate in part.get("copy_GB/s", []) if rate is not None]
    head = ("row", "us", "GB/s", "of the copy", "GFLOP/s", "of the peak", "of the ceiling", "")
    return [f"Copy: {', '.join(copies)} GB/s.", "", *table(head, rows)]


def training_table(part):
    steps = [(row["by"], "with" if row["contrast"] else "without", number(row.get("images_per_s"), ".1f"),
              number(row.get("attune_times_as_fast"), ".2f"), row.get("why", "")) for row in part.get("rows", [])]
    losses = [(row["by"], number(row.get("milliseconds"), ".3f"), number(row.get("share_of_peak"), ".0%"),
               number(row.get("attune_times_as_fast"), ".2f"), row.get("why", ""))
              for row in part.get("patch_infonce", {}).get("rows", [])]
    ratio = "attune is so many times as fast"
    return [*table(("training step", "contrastive loss", "pictures/s", ratio, ""), steps),
            *table(("patch_infonce, forward + backward", "ms", "of the peak", ratio, ""), losses)]


def sanitizer_table(part):
    rows = [(tool, len(found), sum(row["errors"] for row in found)) for tool, found in part.get("tools", {}).items()]
    return table(("tool", "tests", "errors"), rows)


def tests_table(part):
    rows = [(row["test"], row["status"], row["seconds"]) for row in part.get("tests", [])]
    return table(("test", "status", "s"), rows)


TABLES = {"tests": tests_table, "parity": tests_table, "bench": bench_table, "training": training_table,
          "sanitizer": sanitizer_table}


def markdown(record):
    machine = ", ".join(f"{key} {value}" for key, value in record["machine"].items())
    lines = [f"# Acceptance: {'passed' if record['passed'] else 'FAILED'}", "", f"{machine}; {record['seconds']:.0f} s.", ""]
    rows = [(part["name"], part["status"], format(part["seconds"], ".1f"), len(part["failures"]))
            for part in record["parts"]]
    lines += table(("part", "status", "s", "failures"), rows)
    for part in record["parts"]:
        lines += [f"- {part['name']}: {failure}" for failure in part["failures"]]
    for part in record["parts"]:
        if part["name"] in TABLES:
            lines += ["", f"## {part['name']}", "", *TABLES[part["name"]](part)]
    return "\n".join(lines).rstrip() + "\n"
