"""An error for people: what happened, where, what to try, and why."""

from typing import TextIO

from lamina.errors import LaminaError, ProjectError
from lamina.observers.printable import printable


def show_error(error: LaminaError, stream: TextIO) -> None:
    """Print ``error`` to ``stream``."""
    print(f"error: {printable(error.what)}", file=stream)
    rows = [("in", error.where)]
    if isinstance(error, ProjectError):
        rows += [("-", problem) for problem in error.problems]
    rows += [("try", error.hint), ("why", error.why)]
    for label, text in rows:
        if text:
            first, *rest = printable(text).splitlines() or [""]
            print(f"  {label}: {first}" if label != "-" else f"  - {first}", file=stream)
            for line in rest:
                print(f"       {line}", file=stream)
