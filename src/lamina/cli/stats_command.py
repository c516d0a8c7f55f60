"""``lamina stats``: what is usual for each image, and what the last builds were like."""

import argparse
import sys

from lamina.cli.history_command import add_selection, open_past, wanted
from lamina.cli.recent import situation_of
from lamina.errors import LaminaError
from lamina.history.budget import check
from lamina.history.database import History
from lamina.history.metrics import ledger_of
from lamina.history.query import Wanted
from lamina.project.budgets import Allowance, Budgets
from lamina.reports.document import Document, Section
from lamina.reports.figures import counted
from lamina.reports.formats.json import to_json
from lamina.reports.formats.terminal import to_terminal
from lamina.reports.trends import ImageTrend, image_section, image_trends, overview

DETAILED = 6
"""Of how many images, those built last, everything is shown."""
ALERTS = Budgets(seconds=Allowance(mads=3), growth_share=0.1)
"""What is worth an alert where nobody has set a budget."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    add_selection(parser)
    parser.add_argument(
        "--limit", type=int, default=0, metavar="N", help="only the last N builds; 0 is all"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )


def run(options: argparse.Namespace) -> int:
    """Print the figures."""
    with open_past() as history:
        document = _document(history, wanted(options))
    if options.format == "json":
        print(to_json(document))
    elif document.sections:
        print(to_terminal(document))
    else:
        print("no builds", file=sys.stderr)
    return 0


def _document(history: History, selection: Wanted) -> Document:
    trends = image_trends(history.rows(selection))
    count = sum(len(trend.rows) for trend in trends)
    return Document(
        title=f"{counted(count, 'build')} of {counted(len(trends), 'image')}",
        sections=(
            *([overview(trends)] if len(trends) > 1 else []),
            *(section_of(history, trend) for trend in trends[:DETAILED]),
        ),
    )


def section_of(history: History, trend: ImageTrend) -> Section:
    """Describe an image; one whose last record cannot be read gets no alerts."""
    try:
        situation = situation_of(history, trend.last)
    except LaminaError:
        return image_section(trend, costs={}, verdicts=())
    return image_section(
        trend,
        costs=situation.costs,
        verdicts=check(ALERTS, situation),
        ledger=ledger_of(situation.record, saved=situation.row.saved_seconds),
    )
