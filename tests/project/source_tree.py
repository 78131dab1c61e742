"""What the checks of the source tree share: running a check, and planting trees that it must judge."""

import pathlib
import sys
import tempfile


def violations_in(files, check):
    """The violations that check(root) returns for a temporary tree of these files (path -> text)."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return check(root)


def expect(files, check, *fragments):
    """Fails the self-test unless there is exactly one violation, holding all fragments; none where none are given."""
    found = violations_in(files, check)
    if not fragments:
        matches = not found
    else:
        matches = len(found) == 1 and all(fragment in found[0] for fragment in fragments)
    if not matches:
        sys.exit(f"self-test: expected {' '.join(fragments) or 'no violation'} for {sorted(files)}, found {found}")


def main(self_test, check):
    """Runs the self-test, then the check of the tree that the command line names."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} SOURCE_FOLDER")
    self_test()
    violations = check(pathlib.Path(sys.argv[1]))
    for violation in violations:
        print(violation)
    sys.exit(1 if violations else 0)
