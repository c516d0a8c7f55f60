"""Which builds stay when a history is pruned."""

import pytest

from lamina.history.prune import Keep, surplus
from lamina.history.rows import BuildRow, row_of
from tests.history.builds import build


def row(id_: str, started: float, project: str = "shop") -> BuildRow:
    return row_of(build(id_, started, project=project), {}, None)


ROWS = [row("a", 10.0), row("b", 20.0), row("c", 20.0, "blog"), row("d", 30.0)]


@pytest.mark.parametrize(
    ("keep", "gone"),
    [
        (Keep(since=20.0), "a"),
        (Keep(since=1e9), "dbca"),
        (Keep(since=0.0), ""),
        (Keep(newest=1), "ba"),
        (Keep(newest=2), "a"),
        (Keep(newest=3), ""),
        (Keep(), ""),
    ],
)
def test_builds_stay_by_their_age_or_by_how_many_of_their_own_come_after_them(
    keep: Keep, gone: str
) -> None:
    """A project that is built often drives no build of another one out."""
    assert "".join(row.id for row in surplus(ROWS, keep)) == gone
