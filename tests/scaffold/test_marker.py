"""A generated file is known again, and so is one that somebody edited."""

import pytest

from lamina.scaffold.marker import Origin, marked, origin


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("all:\n\ttrue\n", 0),
        ("#!/usr/bin/env bash\ntrue\n", 1),
        ("# syntax=docker/dockerfile:1\n# check=error=true\nFROM x\n", 2),
        ("", 0),
    ],
)
def test_the_mark_stands_where_comments_may_begin(text: str, line: int) -> None:
    found = marked(text)

    assert found.splitlines()[line].startswith("# Written by `lamina init`, ")
    assert origin(found) is Origin.WRITTEN


@pytest.mark.parametrize("edit", ["\n# mine", "x"])
def test_any_edit_makes_a_file_the_users(edit: str) -> None:
    assert origin(marked("all:\n\ttrue\n") + edit) is Origin.EDITED


def test_a_file_without_a_mark_is_somebody_elses() -> None:
    assert origin("all:\n\ttrue\n") is Origin.FOREIGN


def test_an_edit_of_the_mark_itself_is_an_edit() -> None:
    text = marked("all:\n").replace("`lamina init`, ", "`lamina init`, 0", 1)

    assert origin(text) is not Origin.WRITTEN
