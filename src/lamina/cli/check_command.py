"""``lamina check``: whether the last build kept to the project's budgets, as an exit code."""

import argparse
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from lamina.cli.explain_command import explain_record
from lamina.cli.history_command import open_past
from lamina.cli.recent import situation_of
from lamina.cli.variants import add_variant_argument
from lamina.errors import ProjectError, UsageError
from lamina.history.budget import check
from lamina.history.database import History
from lamina.history.query import LAST, Wanted
from lamina.history.rows import BuildRow
from lamina.history.situation import Situation
from lamina.project.budgets import Budgets, read_budgets
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.reports.verdicts import github_lines, text_lines, verdicts_to_json

_EXCEEDED: Final = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "build", nargs="?", default=LAST, metavar="BUILD",
        help="`last`, `previous`, or the start of its id",
    )  # fmt: skip
    parser.add_argument(
        "--directory", default=".", type=Path, metavar="PATH",
        help="the project's folder, whose pyproject.toml has the budgets",
    )  # fmt: skip
    parser.add_argument(
        "--image", default="", metavar="REF",
        help="the last build of this name, with a tag or without (default: of the project)",
    )  # fmt: skip
    add_variant_argument(parser)
    parser.add_argument("--branch", default="", help="the last build of this branch")
    parser.add_argument(
        "--format", choices=("text", "json", "github"), default="text",
        help="for people, for programs, or as annotations of a workflow run",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Print a verdict on each budget; return 1 when one is exceeded."""
    project = read_project(options.directory, options.variant)
    budgets = _budgets(project)
    with open_past() as history:
        row = _find(history, options, project)
        situation = situation_of(history, row)
    verdicts = check(budgets, situation)
    is_broken = any(verdict.is_broken for verdict in verdicts)
    match options.format:
        case "json":
            text = json.dumps(verdicts_to_json(row, verdicts), indent=2)
        case "github":
            text = "\n".join(github_lines(row, verdicts, _advice(situation) if is_broken else ()))
        case _:
            text = "\n".join(text_lines(row, verdicts))
    with suppress(BrokenPipeError):  # whoever has read enough still waits for the exit code
        print(text, flush=True)
    return _EXCEEDED if is_broken else 0


def _advice(situation: Situation) -> tuple[str, ...]:
    """Return what `lamina explain` says is to be done about the build's misses."""
    if situation.previous is None:
        return ()
    return explain_record(situation.record, situation.previous).advice


def _budgets(project: Project) -> Budgets:
    budgets, _ = read_budgets(project.settings.budgets)
    if budgets == Budgets():
        raise ProjectError(
            "there are no budgets to check",
            where=str(project.directory / "pyproject.toml"),
            hint='write one below [tool.lamina.budgets], such as seconds = "median + 3 mad"',
        )
    return budgets


def _find(history: History, options: argparse.Namespace, project: Project) -> BuildRow:
    """Find the build; the last one is of the image that was named, else of the project."""
    selection = Wanted(
        project="" if options.image else project.image_name,
        image=options.image,
        branch=options.branch,
    )
    if options.build == LAST and not history.rows(replace(selection, limit=1)):
        what = f"image {options.image}" if options.image else f"project {project.image_name}"
        raise UsageError(
            f"the history has no build of {what}",
            hint="name the image with --image, or a build of `lamina history`",
        )
    return history.find(options.build, selection)
