"""How values are written for people, whatever the format."""

import doctest

import pytest

from lamina.reports import figures, sparkline, trends
from lamina.reports.document import Quantity, Unit
from lamina.reports.figures import cell_text, cell_value, plain, value_text
from lamina.reports.formats import markdown


@pytest.mark.parametrize("module", [figures, sparkline, trends, markdown])
def test_the_examples_of_the_docstrings_are_true(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]

    assert (found.attempted > 0, found.failed) == (True, 0)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.SECONDS, "\N{EN DASH}"),
        ("", Unit.TEXT, "\N{EN DASH}"),
        (0, Unit.BYTES, "0 B"),
        (0.0, Unit.RATE, "0 %"),
        (1, Unit.RATE, "100 %"),
        (1234567, Unit.COUNT, "1,234,567"),
        (1e20, Unit.TIME, "\N{EN DASH}"),
        (0, Unit.SECONDS, "0.00 s"),
        ("done", Unit.TEXT, "done"),
    ],
)
def test_a_value_is_written_in_its_unit(value: float | str | None, unit: Unit, text: str) -> None:
    assert value_text(value, unit) == text


def test_a_change_shows_its_sign() -> None:
    cell = Quantity(value=2_000_000, unit=Unit.BYTES, is_change=True)

    assert cell_text(cell, Unit.COUNT) == "+2.0 MB"
    assert cell_text(Quantity(value=-2, unit=Unit.SECONDS, is_change=True), Unit.COUNT) == "-2.0 s"
    assert cell_value(cell) == 2_000_000


def test_foreign_text_cannot_steer_a_terminal_nor_turn_a_line() -> None:
    assert plain("a\x1b[31m\u202eb\n\tc\x07") == "a\ufffd[31m\ufffdb c\ufffd"
