"""Damaged logs: a parser never raises, and what it says still makes sense."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.history.document import record_from_text, record_to_text
from lamina.history.fold import Header
from lamina.trace.detect import read_builds
from lamina.trace.fold import fold_solve
from lamina.trace.rawjson import StatusReader
from lamina.trace.render import PlainRenderer
from lamina.trace.solve import Solve
from tests.trace.mutations import mutated


def check_log(lines: list[str]) -> int:
    """Read a log in every way there is; return how many builds it holds."""
    found = list(read_builds(lines))
    for build in found:
        _check_solve(build.solve)
        record = fold_solve(Header(id="x", kind="trace"), build.solve, started=1.0)
        assert record_from_text(record_to_text(record)) == record
    reader, renderer = StatusReader(), PlainRenderer()
    for line in lines:
        if (status := reader.feed(line)) is not None:
            renderer.update(status)
            renderer.lines()
    renderer.close()
    return len(found)


def _check_solve(solve: Solve) -> None:
    keys = [vertex.key for vertex in solve.vertices]
    assert len(set(keys)) == len(keys) > 0
    assert solve.seconds is None or 0 <= solve.seconds < math.inf
    for vertex in solve.vertices:
        assert vertex.seconds is None or 0 <= vertex.seconds < math.inf
        assert all(0 <= start <= end for start, end in vertex.intervals)
        assert all(t.current >= 0 for t in vertex.transfers)


def _check_many(count: int, seed: int) -> None:
    builds = 0
    for number in range(count):
        lines = mutated(Random(f"{seed} {number}"))
        try:
            builds += check_log(lines)
        except Exception as error:  # noqa: BLE001 - whatever it is, say which log did it
            pytest.fail(f"log {seed} {number}: {error!r}")
    assert builds > count / 2


@pytest.mark.slow
def test_damaged_logs_never_make_a_parser_raise() -> None:
    _check_many(600, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_twenty_thousand_damaged_logs_never_make_a_parser_raise(seed: int) -> None:
    _check_many(5_000, seed=seed)


@given(st.lists(st.text(), max_size=20))
def test_no_text_at_all_makes_a_parser_raise(lines: list[str]) -> None:
    check_log(lines)


@given(st.lists(st.from_regex(r"#[0-3] (\[1/2\] RUN x|DONE 1\.0s|CACHED|0\.1 a|b 1MB / 2MB done)",
                              fullmatch=True), max_size=30))  # fmt: skip
def test_no_order_of_plain_lines_makes_a_parser_raise(lines: list[str]) -> None:
    check_log(lines)
