"""``lamina size``: what fills an image, by component, package, folder and kind of file."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

from lamina.anatomy.anatomy import Anatomy
from lamina.cli import images, wiring
from lamina.cli.looking import add_looking_arguments, anatomy_of, looking
from lamina.durable import incoming
from lamina.reports.formats.json import to_json
from lamina.reports.formats.terminal import to_terminal
from lamina.reports.sizes import SHOWN, VIEWS, map_section, size_document

_STANDARD_OUTPUT: Final = "-"
_READABLE: Final = 0o644


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("image", help=images.WHERE_IMAGES_ARE)
    parser.add_argument(
        "--by", choices=tuple(VIEWS), default="", help="only this view (default: all of them)"
    )
    parser.add_argument(
        "--format", choices=("text", "json", "html"), default="text",
        help="for people, for programs, or a page with a map",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", default="", metavar="FILE",
        help="where to write (default: size.html for a page, else standard output, which is `-`)",
    )  # fmt: skip
    add_looking_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Take the image apart and print or write what fills it."""
    views = (options.by,) if options.by else tuple(VIEWS)
    with looking() as step:
        anatomy = anatomy_of(
            options.image, options, wiring.open_store(), step, needs_symbols="kind" in views
        )
    text = _text(anatomy, options, views)
    output = options.output or ("size.html" if options.format == "html" else _STANDARD_OUTPUT)
    if output == _STANDARD_OUTPUT:
        print(text)
        return 0
    path = Path(output)
    with incoming(path.absolute().parent) as new:
        new.file.write(text.encode("utf-8", "backslashreplace"))
        new.commit(path, durable=False, mode=_READABLE)
    return 0


def _text(anatomy: Anatomy, options: argparse.Namespace, views: tuple[str, ...]) -> str:
    shown = None if options.format == "json" else SHOWN
    document = size_document(options.image, anatomy, views, shown=shown)
    match options.format:
        case "json":
            return to_json(document)
        case "html":
            from lamina.reports.formats.html.page import to_html  # noqa: PLC0415 - only for pages

            sections = (map_section(anatomy), *document.sections)
            return to_html(replace(document, sections=sections))
        case _:
            return to_terminal(document)
