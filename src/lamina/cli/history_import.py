"""``lamina history import``: builds out of old logs, of whichever builder and CI system."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path

from lamina.cli.clock import now
from lamina.cli.environment import environment
from lamina.errors import InputError, UsageError
from lamina.history.database import open_history
from lamina.history.exported import exported
from lamina.history.fold import Header
from lamina.history.location import history_location, location_problem
from lamina.history.record import BuildRecord
from lamina.observers.printable import printable
from lamina.trace.detect import Found, read_builds
from lamina.trace.fold import fold_solve

_STDIN = "-"
_APART_S = 0.001
"""Builds of logs without times, and of files equally old, keep their order by this."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE",
        help="a log of docker build, buildx, buildctl or CI, an export of `lamina history export`, "
        "or - for the standard input",
    )  # fmt: skip
    parser.add_argument(
        "--project", metavar="NAME", default="",
        help="whose builds these are (default: told apart by the image's name)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Add the builds of all files at once; builds that are there already are passed over."""
    if problem := location_problem(environment()):
        raise problem
    location = history_location(environment())
    if not location:
        raise UsageError("there is no history to import into", where="LAMINA_HISTORY")
    records = _of_all(options.files, options.project)
    if not records:
        raise InputError(
            "none of the files holds a build",
            hint="read are BuildKit's plain, rawjson and terminal output, and the legacy builder's",
        )
    with open_history(location) as history:
        added = history.add(records.values(), now=now())
    known = len(records) - added
    print(f"imported {added} builds" + (f", {known} were there already" if known else ""))
    return 0


def _of_all(names: Sequence[str], project: str) -> dict[str, BuildRecord]:
    """Return the builds of all files by their ids; a file that cannot be read costs its own only.

    Raises ``InputError`` when it is the only one.
    """
    records: dict[str, BuildRecord] = {}
    places = count()
    for name in names:
        try:
            found = list(_records(name, project, places))
        except InputError as error:
            if len(names) == 1:
                raise
            print(f"warning: {printable(str(error))}", file=sys.stderr)
            continue
        if not found:
            print(f"warning: no build found in {printable(name)}", file=sys.stderr)
        records.update((record.id, record) for record in found)
    return records


def _records(name: str, project: str, places: Iterator[int]) -> Iterator[BuildRecord]:
    """Yield a file's builds; the id is that of a build's own lines, wherever they stand.

    Builds with equal lines in one file are told apart by their order.
    """
    seen: Counter[str] = Counter()
    records, found, written = _read(name)
    yield from (replace(r, project=project) if project else r for r in records)
    names = _names(found)
    for build in found:
        text = f"{build.digest} {seen[build.digest]}"
        seen[build.digest] += 1
        header = Header(
            id=sha256(text.encode()).hexdigest()[:32],
            kind="trace",
            project=project,
            names=build.solve.exported.names or names,
        )
        yield fold_solve(header, build.solve, started=written + next(places) * _APART_S)


def _read(name: str) -> tuple[list[BuildRecord], list[Found], float]:
    """Return an export's records or a log's builds, and the time that counts where it names none.

    That is the file's own.
    """
    if name == _STDIN:
        return *_understood(sys.stdin, name), now()
    path = Path(name)
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            return *_understood(lines, name), path.stat().st_mtime
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", where=name) from error


def _understood(lines: Iterable[str], name: str) -> tuple[list[BuildRecord], list[Found]]:
    records, everything = exported(lines)
    if records is None:
        return [], list(read_builds(everything))
    found = []
    for record in records:
        if isinstance(record, BuildRecord):
            found.append(record)
        else:
            shown = f"{name}, {record.where}: {record.what}"
            print(f"warning: {printable(shown)}", file=sys.stderr)
    return found, []


def _names(found: Sequence[Found]) -> tuple[str, ...]:
    """Name the builds of a log that came to nothing as those that did not, if these agree."""
    named = {build.solve.exported.names for build in found} - {()}
    return named.pop() if len(named) == 1 else ()
