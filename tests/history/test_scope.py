"""Adding a build asks and writes no more than is about its own steps."""

from collections.abc import Collection, Sequence
from pathlib import Path

from lamina.history.database import History
from lamina.history.sqlite import SqliteTables
from lamina.history.tables import StepCost
from tests.history.builds import build, step


class CountingTables(SqliteTables):
    """Tables that note of how many steps they were asked and told."""

    asked = 0
    told = 0

    def costs(self, scope: str, steps: Collection[str] | None = None) -> dict[str, str]:
        assert steps is not None
        self.asked += len(steps)
        return super().costs(scope, steps)

    def put_costs(self, scope: str, costs: Sequence[StepCost]) -> None:
        self.told += len(costs)
        super().put_costs(scope, costs)


def test_a_build_costs_as_much_as_it_has_steps_however_many_are_known(tmp_path: Path) -> None:
    """Each has one step of its own, such as a RUN with the commit in its text."""
    tables = CountingTables.open(str(tmp_path / "history.db"), patience_s=5)
    with History(tables) as history:
        for number in range(30):
            history.add([build(f"b{number}", float(number), steps=(step(str(number), 1.0),))])

        assert (tables.asked, tables.told) == (30, 30)


def test_builds_that_come_together_ask_for_each_step_once(tmp_path: Path) -> None:
    tables = CountingTables.open(str(tmp_path / "history.db"), patience_s=5)
    with History(tables) as history:
        history.add(build(f"b{n}", float(n), steps=(step("deps", 1.0),)) for n in range(30))

        assert (tables.asked, tables.told) == (1, 1)
