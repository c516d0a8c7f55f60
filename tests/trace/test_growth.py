"""A line that is twice as long takes about twice as long to read, whatever it holds."""

import time
from collections.abc import Callable

import pytest

from lamina.trace.component import component
from tests.trace.logs_of import solves

_TTY = "[+] Building 0.5s (3/3) FINISHED"
_PLAIN = "#1 [internal] load build context"
_TOO_SHORT_TO_TELL_S = 0.005


def _seconds(read: Callable[[], object]) -> float:
    def once() -> float:
        began = time.process_time()
        read()
        return time.process_time() - began

    return min(once() for _ in range(3))


def _assert_linear(read: Callable[[int], object], count: int) -> None:
    one, two = _seconds(lambda: read(count)), _seconds(lambda: read(2 * count))

    assert two < 3 * max(one, _TOO_SHORT_TO_TELL_S)


@pytest.mark.parametrize(
    ("first", "start", "part", "end"),
    [
        (_TTY, " => ", " ", "x"),
        (_TTY, " => ", " 1.0s", "x"),
        (_TTY, " => ", "1", "x"),
        (f"{_TTY}\n => a  0.1s", " => => ", " ", "x"),
        (f"{_TTY}\n => a  0.1s", " => => ", " 1B / 1", "x"),
        (f"{_TTY}\n------", " > ", ":", "x"),
        (_PLAIN, "#1 ", " ", "x"),
        (_PLAIN, "#1 ", "a 1B / 1", "x"),
        (_PLAIN, "#1 a", " 1.1s", "x"),
        (_PLAIN, "#2 [1/2] RUN ", "--a ", ""),
        ("Step 1/2 : FROM a", "Step 2/2 : FROM ", " AS", " "),
    ],
)
def test_a_long_line_is_read_in_linear_time(first: str, start: str, part: str, end: str) -> None:
    def read(count: int) -> object:
        return solves([*first.split("\n"), start + part * count + end])

    _assert_linear(read, 8000)


def test_a_row_of_a_million_spaces_is_only_a_row() -> None:
    """Commands print them, and here a pattern would look for the end of the row at each."""
    (solve,) = solves([_TTY, f" => {' ' * 1_000_000}x", " => [1/2] RUN a  0.5s"])

    assert solve.vertices[-1].seconds == 0.5


def test_a_capture_with_more_rows_than_a_build_has_is_read_in_linear_time() -> None:
    def read(count: int) -> object:
        return solves(
            [_TTY, *(f" => [{n}/{count}] RUN a{n} and so on  0.1s" for n in range(count))]
        )

    _assert_linear(read, 1500)


@pytest.mark.parametrize(
    ("start", "part"),
    [
        ("RUN pip install --no-deps", " .["),
        ("RUN ", "pip "),
        ("RUN pip install", " -e"),
        ("COPY --from=a /", "venv"),
        ("COPY --from=a /", "conda"),
    ],
)
def test_what_an_instruction_brings_is_told_in_linear_time(start: str, part: str) -> None:
    _assert_linear(lambda count: component(f"{start}{part * count}!"), 10_000)
