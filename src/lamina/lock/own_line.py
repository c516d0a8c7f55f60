"""A new lock without the project's own line, and refused where Lamina could not read it; pure.

uv writes paths of a list as they stand there: ``-e .`` is how many lists name their own project,
whose code is in the image without being locked.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lamina.errors import LockError
from lamina.lock.requirements import parse_requirements

_EDITABLE = re.compile(r"(?:-e|--editable)[\s=]\s*")
_NAMED = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?\s*@\s*(?=file:)")
_REST = re.compile(r"\s+;.*$|\[[^\]]*\](\s+;.*)?$|\s+--hash.*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLock:
    """``left_out`` are the lines of the project itself, which ``text`` has no more."""

    text: str
    left_out: tuple[str, ...] = ()


def without_project(text: str, *, project: Path, start: Path, name: str) -> NewLock:
    """Leave the project itself out of what uv pinned, and check that the rest can be read.

    ``start`` is the folder that paths in ``text`` are relative to.  Raises ``LockError`` which
    names every line that is no distribution with a version and hashes.
    """
    kept: list[str] = []
    left_out: list[str] = []
    wrong: list[str] = []
    for line in text.splitlines(keepends=True):
        path = _path(line.strip(), start)
        if path is not None and path == project.resolve():
            left_out.append(line.strip())
        elif path is not None or _EDITABLE.match(line):
            wrong.append(line.strip())
        else:
            kept.append(line)
    rest = "".join(kept)
    if not wrong:
        rows = parse_requirements(rest.encode(), name=name)
        wrong = [str(row.requirement) for row in rows if not row.is_pinned]
    if wrong:
        raise LockError(
            f"a lock cannot hold {wrong[0]}" + (f" and {len(wrong) - 1} more" if wrong[1:] else ""),
            where=name,
            problems=tuple(f"{line}: a folder or a repository has no hash" for line in wrong),
            hint="build a wheel of it and name that, publish it to an index, or let uv.lock or "
            "poetry.lock name its folder: those Lamina builds",
        )
    return NewLock(text=rest, left_out=tuple(left_out))


def _path(line: str, start: Path) -> Path | None:
    """Return the folder that a line names; None for one that names a distribution."""
    editable, named = _EDITABLE.match(line), _NAMED.match(line)
    begun = editable or named
    place = _REST.sub("", line[begun.end() :] if begun else line)
    if place.startswith("file:"):
        place = unquote(urlsplit(place).path)
    is_path = place.startswith((".", "/")) or (editable and "://" not in place)
    return Path(os.path.normpath(start.resolve() / place)) if is_path else None
