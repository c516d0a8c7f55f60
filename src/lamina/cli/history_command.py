"""``lamina history``: past builds, and everything that is known of one."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from lamina.cli import history_export, history_import, history_prune, history_pull
from lamina.cli.clock import now
from lamina.cli.environment import environment
from lamina.cli.history_text import build_text, list_text
from lamina.errors import UsageError
from lamina.history.costs import usual
from lamina.history.database import History, open_history
from lamina.history.document import record_to_json
from lamina.history.drain import drain
from lamina.history.graph import critical_path
from lamina.history.location import history_location, location_problem, spool_location
from lamina.history.metrics import (
    Costs,
    ledger_of,
    miss_cost,
    size_by_component,
    wall_seconds_saved,
)
from lamina.history.query import LAST, Wanted
from lamina.history.record import BuildRecord
from lamina.history.rows import BuildRow
from lamina.observers.printable import printable

_LARGEST: Final = 2**63 - 1  # what databases take
_UNITS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments, and those of its sub-commands."""
    add_selection(parser)
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="how many; 0 is all")
    _add_format(parser)
    parser.set_defaults(action=_list)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    text = "everything that is known of one build"
    show = commands.add_parser("show", help=text, description=text)
    show.add_argument(
        "build", nargs="?", default=LAST,
        help="`last` or `previous`, of this folder if it was built, or the start of its id",
    )  # fmt: skip
    _add_format(show)
    show.set_defaults(action=_show)
    text = "builds out of old logs of Docker, BuildKit and CI systems"
    history_import.add_arguments(commands.add_parser("import", help=text, description=text))
    commands.choices["import"].set_defaults(action=None)
    text = "past builds for other programs: records, or metrics for Prometheus"
    export = commands.add_parser("export", help=text, description=text)
    add_selection(export)
    history_export.add_arguments(export)
    export.set_defaults(
        action=lambda *found: history_export.run(found[0], wanted(found[1]), found[1])
    )
    text = "builds that a registry keeps with an image, into the history"
    pull = commands.add_parser("pull", help=text, description=text)
    history_pull.add_arguments(pull)
    pull.set_defaults(action=history_pull.run)
    text = "old builds out of the history, which gets smaller"
    prune = commands.add_parser("prune", help=text, description=text)
    history_prune.add_arguments(prune)
    prune.set_defaults(action=history_prune.run)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Describe how builds are selected."""
    parser.add_argument("--project", default="", help="only builds of this project")
    parser.add_argument(
        "--image", default="", metavar="REF", help="only builds of this name, with a tag or without"
    )
    parser.add_argument("--branch", default="", help="only builds of this branch")
    parser.add_argument(
        "--since", default="", metavar="WHEN",
        help="only builds since a day (2026-11-25), or of the last hours, days or weeks (7d)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """List builds, or do what the sub-command says."""
    if options.action is None:
        return history_import.run(options)
    with open_past() as history:
        action: Callable[[History, argparse.Namespace], int] = options.action
        return action(history, options)


def open_past() -> History:
    """Open the user's history, with everything that was built until now.

    Raises ``UsageError`` where there is none, and ``StoreError`` where it cannot be read.
    """
    if problem := location_problem(environment()):
        raise problem
    location, spool = history_location(environment()), spool_location(environment())
    if not location or spool is None:
        raise UsageError(
            "there is no history", hint="set LAMINA_HISTORY to a file; `off` switches it off"
        )
    if spool.is_dir():
        for notice in drain(location, spool, now=now()):
            print(f"warning: {printable(notice)}", file=sys.stderr)
    return open_history(location)


def wanted(options: argparse.Namespace) -> Wanted:
    """Read a selection from the command line."""
    if options.limit < 0:
        raise UsageError(f"--limit is {options.limit}", hint="0 is all")
    if options.limit > _LARGEST:
        raise UsageError("--limit is too large", hint=f"{_LARGEST} at most; 0 is all")
    return Wanted(
        project=options.project,
        image=options.image,
        branch=options.branch,
        since=_since(options.since) if options.since else 0.0,
        limit=options.limit,
    )


def row_to_json(row: BuildRow) -> dict[str, Any]:
    """Turn a row into a JSON object; what are lines in the row are lists in it."""
    lists = {name: getattr(row, name).split("\n") for name in ("names", "platforms")}
    members = {**asdict(row), **{name: list(filter(None, texts)) for name, texts in lists.items()}}
    del members["scope"], members["repositories"]
    return members


def _list(history: History, options: argparse.Namespace) -> int:
    rows = history.rows(wanted(options))
    if options.format == "json":
        print(json.dumps([row_to_json(row) for row in rows], indent=2))
    elif rows:
        print(list_text(rows))
    else:
        print("no builds", file=sys.stderr)
    return 0


def _show(history: History, options: argparse.Namespace) -> int:
    from lamina.cli.last_build import find_last  # noqa: PLC0415 - 30 ms

    row = find_last(history, options.build, Wanted())
    record = history.record(row.id)
    costs = usual(history.samples(row.scope))
    if options.format == "json":
        metrics = _metrics(row, record, costs)
        print(json.dumps({**record_to_json(record), "metrics": metrics}, indent=2))
    else:
        print(build_text(row, record, costs))
    return 0


def _metrics(row: BuildRow, record: BuildRecord, costs: Costs) -> dict[str, Any]:
    miss = miss_cost(record)
    names = (
        "image_bytes", "layer_bytes", "pull_bytes", "fetched_bytes", "pushed_bytes", "step_hit",
        "time_hit", "reuse", "reuse_above_base", "saved_seconds",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in names},
        "ledger": asdict(ledger_of(record, saved=row.saved_seconds)),
        "wall_saved_seconds": wall_seconds_saved(record, costs),
        "bytes_by_component": size_by_component(record),
        "critical_path": asdict(critical_path(record)),
        "first_miss": asdict(miss) if miss else None,
    }


def _since(text: str) -> float:
    """Read a day or a span of time before now; return seconds since the epoch."""
    if match := re.fullmatch(r"([0-9]{1,6})([mhdw])", text):
        return max(0.0, now() - int(match[1]) * _UNITS[match[2]])
    try:
        return max(0.0, datetime.fromisoformat(text).astimezone().timestamp())
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since is {text!r}", hint="write a day, as 2026-11-25, or a span, as 12h, 7d or 4w"
        ) from None


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )
