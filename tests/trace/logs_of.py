"""The logs of real builds that these tests read."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from lamina.trace.detect import read_builds
from lamina.trace.solve import Solve, Vertex

LOGS = Path(__file__).parent / "logs"
START = 1719325980.0
NAMES = sorted(path.name for path in LOGS.iterdir() if path.suffix != ".md")


def lines_of(name: str) -> list[str]:
    """Return a log's lines, without their ends."""
    return list(_lines(name))


@cache
def _lines(name: str) -> tuple[str, ...]:
    return tuple((LOGS / name).read_text(encoding="utf-8").split("\n"))


def solves(lines: Iterable[str]) -> list[Solve]:
    """Read all builds of a text."""
    return [found.solve for found in read_builds(lines)]


def solve_of(name: str) -> Solve:
    """Read the one build of a log."""
    (solve,) = solves(lines_of(name))
    return solve


def vertex(solve: Solve, beginning: str) -> Vertex:
    """Find the one vertex whose text or name begins so."""
    (found,) = [v for v in solve.vertices if v.name.startswith(beginning) or
                v.key.text.startswith(beginning)]  # fmt: skip
    return found


def stamped(lines: Iterable[str]) -> Iterator[str]:
    """Put a time before each line as GitHub does, half a second apart, from START on."""
    for number, line in enumerate(lines):
        moment = datetime.fromtimestamp(START + number * 0.5, UTC)
        yield f"{moment:%Y-%m-%dT%H:%M:%S.%f}0Z {line}"
