"""``lamina history pull``: builds that a registry keeps with an image, into the history."""

import argparse
import sys

from lamina.cli.clock import now
from lamina.cli.registries import add_registry_arguments
from lamina.errors import InputError, UsageError
from lamina.history.database import History
from lamina.history.record import repository
from lamina.observers.printable import printable
from lamina.oci.reference import Reference

_MOST = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("reference", metavar="REF", help="an image of a registry")
    parser.add_argument(
        "--limit", type=int, default=_MOST, metavar="N",
        help=f"how many builds, newest first (default: {_MOST}, and there are no more)",
    )  # fmt: skip
    parser.add_argument(
        "--project", metavar="NAME", default="",
        help="whose builds these are, if they say the same (default: nobody's: they stand by "
        "themselves)",
    )  # fmt: skip
    add_registry_arguments(parser)


def run(history: History, options: argparse.Namespace) -> int:
    """Add the builds that are kept with an image; those that are there already are passed over."""
    from lamina.cli import wiring  # noqa: PLC0415 - 0.1 s
    from lamina.observers.repository_records import RepositoryRecords  # noqa: PLC0415

    if options.limit < 1:
        raise UsageError(f"--limit is {options.limit}", hint="at least one build")
    reference = Reference.parse(options.reference)
    open_client = wiring.registries(options.insecure_registry)
    kept = RepositoryRecords(
        repository(str(reference)), lambda: open_client(reference), project=options.project
    )
    kept.find([str(reference.digest or reference.tag)])
    if not kept.has_image:
        raise InputError("there is no such image", where=str(reference))
    records, problems = kept.read(now(), options.limit)
    for problem in problems:
        print(f"warning: a record is not used: {printable(problem)}", file=sys.stderr)
    added = history.add(records, now=now())
    known = len(records) - added
    print(f"pulled {added} builds" + (f", {known} were there already" if known else ""))
    return 0
