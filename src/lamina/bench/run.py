"""Measure the sides one after the other, and look into what they made."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from lamina.bench.comparison import Scenario, Side, Sizes
from lamina.bench.workspace import Workspace, copy_project


class Builder(Protocol):
    """One way to build."""

    @property
    def image(self) -> str:
        """Where the image of the last build is found."""

    def rounds(self, workspace: Workspace, number: int) -> Iterator[tuple[Scenario, float]]:
        """Measure each scenario once."""


def measure(  # noqa: PLR0913 - what one side is
    label: str,
    builder: Builder,
    project: Path,
    folder: Path,
    *,
    rounds: int,
    sizes_of: Callable[[str], Sizes],
    told: Callable[[str], None],
) -> Side:
    """Build ``project`` in every scenario, each round from a fresh copy below ``folder``.

    ``told`` hears of each measurement.  Raises ``ToolError`` when a build fails.
    """
    seconds: dict[Scenario, list[float]] = defaultdict(list)
    for number in range(rounds):
        workspace = copy_project(project, folder / f"round-{number}")
        for scenario, taken in builder.rounds(workspace, number):
            seconds[scenario].append(taken)
            told(f"{label}: {scenario} {taken:.2f} s")
    return Side(
        label=label,
        seconds={scenario: tuple(found) for scenario, found in seconds.items()},
        sizes=sizes_of(builder.image),
    )
