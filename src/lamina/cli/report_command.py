"""``lamina report``: past builds as a page, as Markdown, or as JSON."""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from lamina.cli.environment import environment
from lamina.cli.history_command import add_selection, open_past, wanted
from lamina.cli.last_build import of_this_folder
from lamina.cli.recent import recent_situations, situation_of
from lamina.cli.stats_command import DETAILED, section_of
from lamina.cli.variants import add_variant_argument
from lamina.durable import incoming
from lamina.errors import StoreError, UsageError
from lamina.history.database import History
from lamina.history.query import LAST, Wanted
from lamina.history.rows import BuildRow
from lamina.history.situation import Situation
from lamina.reports.build import build_section, misses_section
from lamina.reports.comparison import comparison_section
from lamina.reports.document import Document, Section
from lamina.reports.figures import counted, time_text
from lamina.reports.formats.html.page import to_html
from lamina.reports.formats.json import to_json
from lamina.reports.formats.markdown import to_markdown
from lamina.reports.trends import image_trends, overview

_FORMATS: Final[Mapping[str, Callable[[Document], str]]] = {
    "html": to_html,
    "markdown": to_markdown,
    "json": to_json,
}
_STANDARD_OUTPUT: Final = "-"
_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_MISSES_OF: Final = 30
_READABLE: Final = 0o644


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    add_selection(parser)
    parser.add_argument(
        "--all", action="store_true",
        help="builds of all projects (default: of this folder's, if it was built)",
    )  # fmt: skip
    add_variant_argument(parser)
    parser.add_argument(
        "--limit", type=int, default=0, metavar="N", help="only the last N builds; 0 is all"
    )
    parser.add_argument(
        "-o", "--output", default="", metavar="FILE",
        help="where to write (default: report.html, or standard output for other formats); "
        "`-` is standard output, and GitHub's step summary is added to",
    )  # fmt: skip
    parser.add_argument("--format", choices=tuple(_FORMATS), default="html", help="a page, or text")
    parser.add_argument(
        "--build", default=LAST, metavar="BUILD",
        help="the build to show in full: `last`, `previous`, or the start of its id",
    )  # fmt: skip
    parser.add_argument(
        "--against", default="", metavar="BUILD",
        help="the build to compare it with (default: the one before)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Write the report."""
    output = options.output or ("report.html" if options.format == "html" else _STANDARD_OUTPUT)
    _check_folder(output)
    with open_past() as history:
        document = _document(history, options)
    text = _FORMATS[options.format](document)
    if output == _STANDARD_OUTPUT:
        print(text, end="")
    else:
        _write(Path(output), text)
    return 0


def _check_folder(output: str) -> None:
    """Refuse a mistyped path, before anything is read: no folder is made for it."""
    folder = Path(output).absolute().parent
    if output != _STANDARD_OUTPUT and not folder.is_dir():
        raise UsageError("there is no such folder", where=str(folder), hint="make it, or use `-`")


def _document(history: History, options: argparse.Namespace) -> Document:
    selection = wanted(options)
    if not (options.all or options.project or options.image):
        selection = of_this_folder(history, selection, variant=options.variant)
    rows = history.rows(selection)
    if not rows:
        raise UsageError("no build is selected", hint="`lamina history` lists all builds")
    trends = image_trends(rows)
    row = history.find(options.build, selection)
    sections = [
        *([overview(trends)] if len(trends) > 1 else []),
        *(section_of(history, trend) for trend in trends[:DETAILED]),
        *_about(history, row, options.against, selection),
    ]
    first, last = time_text(rows[-1].started), time_text(rows[0].started)
    return Document(
        title="Builds",
        subtitle=f"{counted(len(rows), 'build')} of {counted(len(trends), 'image')}, "
        f"{first} to {last} UTC",
        sections=tuple(sections),
    )


def _about(history: History, row: BuildRow, against: str, selection: Wanted) -> Iterator[Section]:
    """Describe one build, what it is compared with, and what missed lately."""
    situation = situation_of(history, row)
    yield build_section(situation)
    yield misses_section(tuple(recent_situations(history, row, _MISSES_OF)))
    other = _other(history, situation, against, selection)
    if other is not None:
        yield comparison_section((other, history.record(other.id)), (row, situation.record))


def _other(
    history: History, situation: Situation, against: str, selection: Wanted
) -> BuildRow | None:
    if against:
        return history.find(against, selection)
    return situation.earlier[0] if situation.earlier and situation.previous else None


def _write(path: Path, text: str) -> None:
    """Write the file whole; the summary of a step of GitHub's is added to, for it is shared."""
    try:
        if path.absolute() == Path(environment().get(_SUMMARY) or os.devnull).absolute():
            with path.open("a", encoding="utf-8") as stream:
                stream.write(text)
            return
        with incoming(path.absolute().parent) as file:
            file.file.write(text.encode())
            file.commit(path, durable=False, mode=_READABLE)
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", where=str(path)) from error
