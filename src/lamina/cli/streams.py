"""The standard streams, which whoever starts us may have closed, or may stop reading."""

import io
import os
import sys
from pathlib import Path


def open_missing() -> None:
    """Give each closed stream the null device, and let no character stop an output.

    Otherwise the next files that are opened, those of the store, would get the numbers 0, 1 and 2,
    and programs that we start would write into them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - for good
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def forget_output() -> None:
    """Send what nobody reads to nowhere: Python's own last flush would change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
