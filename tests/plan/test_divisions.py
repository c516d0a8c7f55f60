"""Several ways to divide the same wheels, side by side."""

from lamina.lock.lock import LockedWheel
from lamina.plan.divisions import Division, Simulation, simulate
from lamina.plan.simulate import past_wheels
from tests.plan.histories import MB, pins, wheel


def simulated(
    versions: int, *, written: tuple[tuple[str, ...], ...] = (), changes: int = 50
) -> Simulation:
    """Simulate a lock of two distributions of which one changes each time."""
    history = [pins(a=str(n), b="1") for n in range(versions, 0, -1)]
    now: list[LockedWheel] = [wheel("a", MB, str(versions)), wheel("b", 4 * MB)]
    past = past_wheels(now, history, lambda _: None)
    return simulate(past, history, written=written, changes=changes)


def named(simulation: Simulation, name: str) -> Division:
    return next(division for division in simulation.divisions if division.name == name)


def test_every_way_is_replayed_over_the_same_changes() -> None:
    found = simulated(11)

    assert (found.replayed, found.known) == (10, 10)
    assert {len(division.moved.pushes) for division in found.divisions} == {10}
    assert sum(named(found, "one layer").moved.pushes) == 50 * MB
    assert sum(named(found, "one wheel a layer, up to 40").moved.pushes) == 10 * MB
    assert sum(named(found, "classes of size").moved.pushes) == 50 * MB
    assert sum(named(found, "in use, improved").moved.pushes) == 10 * MB


def test_no_more_changes_are_replayed_than_asked_for_and_all_are_learnt_from() -> None:
    found = simulated(11, changes=3)

    assert (found.replayed, found.known) == (3, 10)


def test_the_layers_in_use_and_the_best_ones_are_marked() -> None:
    found = simulated(11)

    assert [d.name for d in found.divisions if d.is_in_use] == ["classes of size"]
    assert {d.name for d in found.divisions if d.is_best} >= {"in use, improved"}


def test_what_is_written_down_is_in_use() -> None:
    found = simulated(11, written=(("b",), ("a",)))

    assert named(found, "as written down").is_in_use
    assert not named(found, "classes of size").is_in_use
    assert found.choice.groups is None


def test_of_a_short_history_nothing_is_best() -> None:
    found = simulated(3)

    assert not any(division.is_best for division in found.divisions)
    assert "2 changes of the lock are known, and 8 are needed" in found.choice.why
