"""``lamina explain``: why a build did not reuse what it could have reused."""

import argparse
import json
from dataclasses import asdict, replace
from typing import Any, Final

from lamina.cli.explain_text import explanation_text
from lamina.cli.history_command import open_past
from lamina.cli.last_build import find_last
from lamina.cli.variants import add_variant_argument
from lamina.explain.cause import explain
from lamina.explain.comparable import comparable
from lamina.explain.explanation import Explanation
from lamina.explain.native import explain_layers
from lamina.history.database import History
from lamina.history.query import LAST, Wanted
from lamina.history.record import BuildOutcome, BuildRecord
from lamina.observers.printable import printable

_LOOKED_AT: Final = 20
"""How many earlier builds of the same image may be the one to compare with."""

_SHORT_ID: Final = 8
_ENDINGS: Final = {
    BuildOutcome.FAILED: "failed",
    BuildOutcome.CANCELLED: "was cancelled",
    BuildOutcome.INTERRUPTED: "was interrupted",
    BuildOutcome.UNKNOWN: "ended nobody knows how",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "build", nargs="?", default=LAST,
        help="`last` or `previous`, of this folder if it was built, or the start of its id",
    )  # fmt: skip
    parser.add_argument("--project", default="", help="the last build of this project")
    parser.add_argument("--image", default="", metavar="REF", help="the last build of this name")
    add_variant_argument(parser)
    parser.add_argument(
        "--against", default="", metavar="BUILD",
        help="the build to compare with (default: the one before, of the same image)",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people, or for programs"
    )


def run(options: argparse.Namespace) -> int:
    """Explain a build."""
    with open_past() as history:
        wanted = Wanted(project=options.project, image=options.image)
        record = history.record(
            find_last(history, options.build, wanted, variant=options.variant).id
        )
        previous = _previous(history, record, options.against)
    found = explain_record(record, previous)
    if options.format == "json":
        print(json.dumps(explanation_to_json(found), indent=2))
    else:
        print(explanation_text(found, printable(path_of(record))))
    return 0


def explain_record(record: BuildRecord, previous: BuildRecord | None) -> Explanation:
    """Explain a build of ours by its layers, any other by its steps."""
    how = explain_layers if record.kind == "build" else explain
    found = how(record, previous)
    return replace(found, notes=(*_ending(record), *found.notes))


def _ending(record: BuildRecord) -> tuple[str, ...]:
    """Say how a build ended that came to nothing: the rest of its steps never had their turn."""
    if record.outcome is BuildOutcome.DONE:
        return ()
    why = f": {record.error}" if record.error else ""
    more = f"`lamina history show {record.id[:_SHORT_ID]}` has its steps"
    return (f"the build {_ENDINGS[record.outcome]}{why}; {more}",)


def explanation_to_json(found: Explanation) -> dict[str, Any]:
    """Turn an explanation into a JSON object; nothing is left out."""
    return asdict(found)


def path_of(record: BuildRecord) -> str:
    """Return the name of the Dockerfile."""
    found = record.fingerprint if isinstance(record.fingerprint, dict) else {}
    return str(found.get("path") or "Dockerfile")


def _previous(history: History, record: BuildRecord, against: str) -> BuildRecord | None:
    if against:
        return history.record(history.find(against).id)
    earlier = Wanted(scope=record.scope, before=record.started, limit=_LOOKED_AT)
    return comparable(record, history.records(earlier))
