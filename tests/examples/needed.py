"""Ends a test as skipped where its packages are missing; to be imported before them."""

import sys

try:
    import numpy  # noqa: F401
    import PIL  # noqa: F401
except ImportError as error:
    print(f"skipped: {sys.executable}: {error}; the test needs python3-numpy and python3-pil")
    sys.exit(77)
