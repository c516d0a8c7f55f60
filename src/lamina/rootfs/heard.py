"""Heard: which signals a process has a handler for, as proc(5) tells."""

import re
from pathlib import Path

_CAUGHT = re.compile(r"^SigCgt:\s*([0-9a-f]+)$", re.MULTILINE)


def hears(pid: int, number: int) -> bool:
    """Say whether process ``pid`` handles signal ``number``; so does one that cannot be asked."""
    try:
        found = _CAUGHT.search(Path(f"/proc/{pid}/status").read_text("ascii", "replace"))
    except OSError:
        return True
    return found is None or bool(int(found[1], 16) >> (number - 1) & 1)
