"""The pages of docs/reference leave nothing out and make nothing up."""

import inspect
import subprocess
import sys
from dataclasses import fields
from typing import get_args

import pytest

from lamina import errors, events
from lamina.errors import LaminaError
from lamina.lock import index_settings
from tests.docs.markdown import DOCS, ROOT, rows, sections

_REFERENCE = DOCS / "reference"
_EVENTS = {event.__name__: event for event in get_args(events.Event)}


def test_commands_are_those_of_the_command_line() -> None:
    """docs/reference/commands.md is what scripts/generate_reference.py would write today."""
    script = ROOT / "scripts" / "generate_reference.py"

    done = subprocess.run(
        [sys.executable, script, "--check"],
        env={"COLUMNS": "20"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_every_event_has_a_section_and_nothing_else_has() -> None:
    assert set(sections(_page("events"), level=3)) == set(_EVENTS)


@pytest.mark.parametrize("name", _EVENTS)
def test_every_member_of_an_event_is_listed(name: str) -> None:
    shared = {field.name for field in fields(events.StepEvent)}
    own = [field.name for field in fields(_EVENTS[name]) if field.name not in shared]

    listed = rows(sections(_page("events"), level=3)[name])

    assert [row[0].strip("`") for row in listed[1:]] == own


def test_what_every_event_has_is_listed_once() -> None:
    listed = rows(sections(_page("events"), level=2)["Every event"])

    assert [row[0].strip("`") for row in listed[1:]] == [f.name for f in fields(events.StepEvent)]


def test_every_outcome_is_named() -> None:
    text = sections(_page("events"), level=3)["StepFinished"]

    assert [outcome for outcome in events.Outcome if f"`{outcome}`" not in text] == []


def test_the_tree_of_errors_is_that_of_the_code() -> None:
    """Class, parent and exit code, in the order of the module."""
    found = [
        (kind.__name__, _parent(kind), str(kind.exit_code))
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, LaminaError)
    ]

    listed = rows(sections(_page("errors"), level=2)["The tree"])[1:]

    assert sorted((row[0].strip("`"), row[1].strip("`"), row[2]) for row in listed) == sorted(found)


def test_every_exit_code_of_an_error_is_explained() -> None:
    listed = {row[0] for row in rows(sections(_page("errors"), level=2)["Exit codes"])[1:]}
    kinds = [k for _, k in inspect.getmembers(errors, inspect.isclass) if issubclass(k, Exception)]

    assert {str(kind.exit_code) for kind in kinds if issubclass(kind, LaminaError)} <= listed


def test_pips_options_are_translated_as_the_page_says() -> None:
    listed = rows(sections(_page("environment"), level=2)["Indexes"])[1:]

    table = {row[0].strip("`"): row[2].strip("`") for row in listed}

    assert table == index_settings._TO_UV


def _page(name: str) -> str:
    return (_REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def _parent(kind: type[LaminaError]) -> str:
    return "" if kind is LaminaError else kind.__mro__[1].__name__
