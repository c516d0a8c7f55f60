"""The last build of the folder that a command is started in, among all that were recorded."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from lamina.errors import LaminaError
from lamina.explain.fingerprint import Fingerprint, fingerprint_from_json
from lamina.explain.native import is_native
from lamina.explain.place import place_of
from lamina.explain.what_if_native import project_paths
from lamina.history.database import History
from lamina.history.query import LAST, PREVIOUS, Wanted
from lamina.history.record import BuildRecord, repository
from lamina.history.rows import BuildRow
from lamina.project.project import Project
from lamina.project.read import is_project, read_project

_NOT_HERE: Final = "note: no build of this folder is recorded: {} of all projects"
_LOOKED_AT: Final = 5
"""How many builds of each scope are looked into: one scope may be built in several folders."""

_MOST_ROWS: Final = 10_000


def project_here(variant: str = "") -> Project | None:
    """Read the project of this folder; None where there is none, or none that can be read.

    A variant that does not exist is an error.
    """
    try:
        return read_project(Path(), variant, needs_lock=False) if is_project(Path()) else None
    except LaminaError:
        if variant:
            raise
        return None


def last_build_here(
    history: History,
    project: Project | None,
    *,
    context: str = "",
    dockerfile: str = "",
    has_layers: bool = False,
) -> BuildRecord | None:
    """Find the last build of this folder: of its project by us, or of a Dockerfile by anybody.

    With ``context`` or ``dockerfile`` only builds of these count; with ``has_layers`` those of ours
    that came so far.
    """
    name = project.image_name if project and not (context or dockerfile) else ""
    for row in _candidates(history, name):
        try:
            record = history.record(row.id)
        except LaminaError:
            continue
        if record.kind == "build":
            has_come_far = is_native(record) and bool(record.layers)
            if _holds_files_of_here(record) and (has_come_far or not has_layers):
                return record
            continue
        found = fingerprint_from_json(record.fingerprint)
        if found is not None and _is_here(found, context, dockerfile):
            return record
    return None


def find_last(history: History, text: str, wanted: Wanted, *, variant: str = "") -> BuildRow:
    """Find the build that ``text`` means: ``last`` and ``previous`` are of this folder.

    Where it has none, or where ``wanted`` says whose they are, they are those of ``wanted``; the
    first is said on standard error.  Raises ``UsageError``.
    """
    if text in {LAST, PREVIOUS} and wanted == Wanted():
        here = last_build_here(history, project_here(variant))
        if here is not None and text == LAST:
            return history.find(here.id)
        if here is not None:
            return history.find(text, Wanted(scope=here.scope))
        row = history.find(text)
        print(_NOT_HERE.format(f"this is the {text} one"), file=sys.stderr)
        return row
    return history.find(text, wanted)


def of_this_folder(history: History, wanted: Wanted, *, variant: str = "") -> Wanted:
    """Narrow a selection to the project or image of this folder; say so where it has no build."""
    here = last_build_here(history, project_here(variant))
    if here is None:
        print(_NOT_HERE.format("these are the builds"), file=sys.stderr)
        return wanted
    image = "" if here.project or not here.names else repository(here.names[0])
    return replace(wanted, project=here.project, image=image)


def _candidates(history: History, name: str) -> Iterator[BuildRow]:
    """Yield builds of ours with this name, and of each scope of traced ones the last."""
    seen: Counter[str] = Counter()
    for row in history.rows(Wanted(limit=_MOST_ROWS)):
        if row.kind == "trace":
            seen[row.scope] += 1
            if seen[row.scope] <= _LOOKED_AT:
                yield row
        elif name and row.project == name:
            yield row


def _holds_files_of_here(record: BuildRecord) -> bool:
    """Say whether most files of the image are here: two projects may have one name."""
    paths = project_paths(record)
    return 2 * sum(Path(path).exists() for path in paths) >= len(paths)


def _is_here(found: Fingerprint, context: str, dockerfile: str) -> bool:
    root, path = Path(context or found.root), Path(dockerfile or found.path)
    is_that_file = not dockerfile or path.resolve() == Path(found.path).resolve()
    is_there = path.is_file() and root.is_dir() and is_that_file
    return is_there and place_of(root).is_that_of(found.place)
