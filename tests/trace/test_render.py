"""The lines that are made of rawjson are those that BuildKit prints itself."""

import re
from collections.abc import Iterable

import pytest

from lamina.trace.plain import PlainParser
from lamina.trace.rawjson import StatusReader
from lamina.trace.render import PlainRenderer
from lamina.trace.status import LogUpdate, SolveStatus, StatusUpdate, VertexUpdate
from tests.trace.logs_of import NAMES, lines_of, solve_of, solves

RAWJSON = [name for name in NAMES if name.endswith(".rawjson")]


def rendered(lines: Iterable[str]) -> list[str]:
    reader, renderer = StatusReader(), PlainRenderer()
    found: list[str] = []
    for line in lines:
        if (status := reader.feed(line)) is not None:
            renderer.update(status)
            found += renderer.lines()
    return [*found, *renderer.close()]


def vertex(name: str, **members: object) -> SolveStatus:
    return SolveStatus(vertices=(VertexUpdate(digest=name, name=name, **members),))  # type: ignore[arg-type] # tests name them


@pytest.mark.parametrize("name", RAWJSON)
def test_what_is_rendered_reads_as_the_same_build(name: str) -> None:
    """Through the other parser: vertices, how they ended, output, transfers and warnings."""
    told = solve_of(name)

    (shown,) = solves(rendered(lines_of(name)))

    assert shown.grammar == "plain"
    by_name = {v.name: v for v in shown.vertices}
    assert set(by_name) == {v.name for v in told.vertices}
    for v in told.vertices:
        other = by_name[v.name]
        assert (other.outcome, other.log, other.error) == (v.outcome, v.log, v.error)
        assert {t.id for t in other.transfers} == {t.id for t in v.transfers}
        if not v.is_cached:
            assert other.seconds == pytest.approx(v.seconds, abs=0.051)
    assert [w.text for w in shown.warnings] == [w.text for w in told.warnings]


def test_a_failing_step_is_repeated_at_the_end() -> None:
    lines = rendered(lines_of("docker-26-failing.rawjson"))

    assert lines[-4:] == ["------", " > [stage-1 5/5] RUN echo x; exit 3:", "0.050 x", "------"]


def test_a_step_has_the_floor_until_it_ends() -> None:
    """Two steps that print at once are not shuffled line by line."""
    renderer = PlainRenderer()
    lines: list[str] = []
    for name in "ab":
        renderer.update(vertex(name, started=0.0))
    for tick in range(6):
        for name in "ab":
            log = LogUpdate(vertex=name, data=f"{name}{tick}\n".encode(), timestamp=tick / 10)
            renderer.update(SolveStatus(logs=(log,)))
        lines += renderer.lines()
    renderer.update(vertex("a", started=0.0, completed=1.0))
    renderer.update(vertex("b", started=0.0, completed=2.0))
    lines += renderer.lines()

    assert lines == [
        "#1 a", *(f"#1 {t / 10:.3f} a{t}" for t in range(6)), "#1 DONE 1.0s", "",
        "#2 b", *(f"#2 {t / 10:.3f} b{t}" for t in range(6)), "#2 DONE 2.0s",
    ]  # fmt: skip


def test_a_step_that_waited_ten_seconds_is_heard() -> None:
    renderer = PlainRenderer()
    lines: list[str] = []
    for name in "ab":
        renderer.update(vertex(name, started=0.0))
    for tick in range(13):
        logs = tuple(
            LogUpdate(vertex=name, data=f"{name}\n".encode(), timestamp=float(tick))
            for name in "ab"
        )
        renderer.update(SolveStatus(logs=logs))
        lines += renderer.lines()

    headers = [line for line in lines if re.fullmatch(r"#\d (a|b|\.\.\.)", line)]
    assert headers == ["#1 a", "#1 ...", "#2 b"]


def test_progress_is_shown_now_and_then() -> None:
    """Every twentieth of the whole, not every packet."""
    renderer = PlainRenderer()
    renderer.update(vertex("x", started=0.0))
    lines: list[str] = []
    for percent in range(101):
        update = StatusUpdate(vertex="x", id="sha256:1", current=percent * 10**6, total=10**8,
                              timestamp=percent / 100, started=0.0)  # fmt: skip
        renderer.update(SolveStatus(statuses=(update,)))
        lines += renderer.lines()

    shown = [line for line in lines if "sha256:1" in line]
    assert shown[1] == "#1 sha256:1 5.00MB / 100.00MB 0.1s"
    assert len(shown) == 21


def test_our_lines_are_recognised_as_a_build() -> None:
    assert PlainParser.recognises(rendered(lines_of("buildkit-mixed.rawjson"))[0])
