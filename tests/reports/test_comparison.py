"""Before and after: what is compared, and which way is good."""

from dataclasses import replace

from lamina.history.record import ImageRecord
from lamina.reports.comparison import change, comparison_section
from lamina.reports.document import Quantity, Section, Table, Tone, Unit
from tests.history.builds import layer, step, with_steps
from tests.reports.builds import situations

BEFORE = replace(
    with_steps(step("deps", 50.0), step("app", 5.0), id="old", seconds=55.0),
    layers=(
        replace(layer("d1", 100), part="deps", distributions=("torch==2.1", "six==1")),
        replace(layer("gone", 7), part="gone"),
        replace(layer("same", 9), part="same"),
    ),
    images=(ImageRecord(digest="x", size=116),),
    phases={"execute": 55.0},
)
AFTER = replace(
    with_steps(step("deps", 0.0, cached=True), step("app", 6.0), id="new", seconds=6.0),
    layers=(
        replace(layer("d2", 160), part="deps", distributions=("torch==2.2", "numpy==2")),
        replace(layer("same", 9), part="same"),
    ),
    images=(ImageRecord(digest="y", size=169),),
    phases={"execute": 6.0},
)


def section() -> Section:
    old, new = situations(BEFORE, AFTER)
    return comparison_section((old.row, old.record), (new.row, new.record))


def table(key: str) -> Table:
    found = next(b for b in section().blocks if isinstance(b, Table) and b.key == key)
    assert isinstance(found, Table)
    return found


def test_figures_stand_side_by_side_with_what_changed() -> None:
    rows = {row[0]: row[1:] for row in table("changes").rows}

    old, new, difference = rows["build time"]
    assert (old, new) == (
        Quantity(value=55.0, unit=Unit.SECONDS),
        Quantity(value=6.0, unit=Unit.SECONDS),
    )
    assert difference == Quantity(value=-49.0, unit=Unit.SECONDS, is_change=True, tone=Tone.GOOD)
    assert "phase: execute" in rows
    assert "component: dependencies" in rows


def test_the_steps_that_changed_most_come_first() -> None:
    rows = table("changed-steps").rows

    assert [row[:3] for row in rows] == [("RUN deps", 50.0, 0.0), ("RUN app", 5.0, 6.0)]


def test_layers_that_changed_say_which_distributions_moved() -> None:
    rows = table("changed-layers").rows

    assert [(row[0], row[1], row[2], row[4]) for row in rows] == [
        (
            "deps (2 distributions)", 100, 160,
            "torch 2.1 \N{RIGHTWARDS ARROW} 2.2, numpy 2 is new, six is gone",
        ),
        ("gone", 7, None, "is gone"),
    ]  # fmt: skip


def test_less_time_and_fewer_bytes_are_good_and_so_is_a_higher_rate() -> None:
    assert change(10, 5, Unit.SECONDS).tone is Tone.GOOD
    assert change(5, 10, Unit.BYTES).tone is Tone.BAD
    assert change(0.5, 0.9, Unit.RATE).tone is Tone.GOOD
    assert change(5, 10, Unit.SECONDS, is_gain=True).tone is Tone.GOOD
    assert change(10.0, 10.01, Unit.SECONDS).tone is Tone.PLAIN


def test_a_rate_that_was_not_known_has_not_changed() -> None:
    assert change(None, 0.9, Unit.RATE).value is None


def test_equal_builds_have_no_changed_steps_or_layers() -> None:
    old, new = situations(BEFORE, replace(BEFORE, id="again"))

    found = comparison_section((old.row, old.record), (new.row, new.record))

    assert [b.key for b in found.blocks if isinstance(b, Table)] == ["changes"]
