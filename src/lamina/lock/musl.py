"""What to do where a lock has no wheels for musl: which version has one, and which has none."""

import re
from pathlib import Path

from lamina.errors import LockError
from lamina.lock.target import Target
from lamina.lock.uv import Uv

_NOTHING = re.compile(r"no wheel of (?P<name>\S+) \S+ fits")
_MOST = 20


def explain_musl(error: LockError, target: Target, uv: Uv, *, directory: Path) -> LockError:
    """Add to each distribution without a wheel for musl the newest version that has one."""
    told = [_told(text, target, uv, directory) for text in error.problems[:_MOST]]
    return LockError(
        error.what,
        where=error.where,
        problems=(*told, *error.problems[_MOST:]),
        why=error.why,
        hint="take those versions and lock again; for what has no wheel for musl, "
        "use a base with glibc such as debian:bookworm",
    )


def _told(text: str, target: Target, uv: Uv, directory: Path) -> str:
    match = _NOTHING.search(text)
    if match is None:
        return text
    version = uv.newest_wheel(match["name"], target, directory=directory)
    return f"{text}; {version} has one" if version else f"{text}; no version has one"
