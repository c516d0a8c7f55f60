"""``lamina diff``: what changed between two images, or would between the images of two locks."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.cli import images, wiring
from lamina.cli.looking import add_looking_arguments, anatomy_of, looking
from lamina.oci.platform import Platform
from lamina.reports.differences import SHOWN, difference_document
from lamina.reports.document import Document
from lamina.reports.formats.json import to_json
from lamina.reports.formats.markdown import to_markdown
from lamina.reports.formats.terminal import to_terminal

if TYPE_CHECKING:  # only for locks
    from lamina.reports.lock_difference import Planned


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("old", help=images.WHERE_IMAGES_ARE)
    parser.add_argument("new", help="the same, for the image that comes after it")
    parser.add_argument(
        "--format", choices=("text", "markdown", "json"), default="text",
        help="for people, for a pull request, or for programs",
    )  # fmt: skip
    parser.add_argument(
        "--locks", action="store_true",
        help="the two are locks of the project, files or REVISION:FILE of git: say what would "
        "change, and what would move",
    )  # fmt: skip
    parser.add_argument(
        "--project", default=".", type=Path, metavar="PATH",
        help="with --locks, the project's folder (default: this one)",
    )  # fmt: skip
    add_looking_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Take both apart and print what differs."""
    document = _of_locks(options) if options.locks else _of_images(options)
    match options.format:
        case "json":
            print(to_json(document))
        case "markdown":
            print(to_markdown(document), end="")
        case _:
            print(to_terminal(document))
    return 0


def _of_images(options: argparse.Namespace) -> Document:
    from lamina.anatomy.difference import compare  # noqa: PLC0415 - not for locks

    store = wiring.open_store()
    with looking() as step:
        old = anatomy_of(options.old, options, store, step)
        new = anatomy_of(options.new, options, store, step)
    return difference_document(
        (options.old, options.new), old, new, compare(old, new),
        shown=None if options.format == "json" else SHOWN,
    )  # fmt: skip


def _of_locks(options: argparse.Namespace) -> Document:
    from lamina.reports.lock_difference import lock_document  # noqa: PLC0415 - only for locks

    return lock_document(_planned(options.old, options), _planned(options.new, options))


def _planned(name: str, options: argparse.Namespace) -> "Planned":
    """Plan the project with another lock; nothing is built but the project's own wheel."""
    from lamina.build import make_plan  # noqa: PLC0415 - only for locks
    from lamina.cli.compared_locks import named_lock  # noqa: PLC0415
    from lamina.engines.expected import expected_layers  # noqa: PLC0415
    from lamina.project.read import read_project  # noqa: PLC0415
    from lamina.reports.lock_difference import Planned  # noqa: PLC0415

    platform = Platform.parse(options.platform) if options.platform else wiring.host_platform()
    workshop = wiring.workshop(options.project, insecure=options.insecure_registry)
    with named_lock(name) as path, looking() as step:
        project = replace(read_project(options.project), requirements=path)
        plan = make_plan(project, platform, workshop, step)
    layers = expected_layers(plan, workshop.base, workshop.store)
    return Planned(name=name, plan=plan, layers=layers)
