"""One build, and the misses of several: what is shown, in which order, and what is left out."""

from dataclasses import replace

from lamina.history.fold import Header, fold
from lamina.history.record import BuildOutcome, StepOutcome
from lamina.plan.component import Component
from lamina.reports.build import build_section, layer_label, misses_section
from lamina.reports.document import Block, Paragraph, Section, Table, Treemap, Waterfall
from tests.history.builds import COLD, WARM, layer, step, with_layers, with_steps
from tests.reports.builds import situations


def find(section: Section, key: str) -> Block:
    return next(b for b in section.blocks if getattr(b, "key", "") == key)


def table(section: Section, key: str) -> Table:
    found = find(section, key)
    assert isinstance(found, Table)
    return found


def test_the_waterfall_of_a_real_event_stream_has_its_steps_in_time() -> None:
    """COLD takes 15 s: the base from 2 to 6, a wheel from 2 to 5, its layer from 5 to 9."""
    (found,) = situations(fold(Header(id="x", engine="native"), COLD))

    chart = find(build_section(found), "waterfall")

    assert isinstance(chart, Waterfall)
    bars = {bar.label: (bar.start, bar.seconds) for bar in chart.bars}
    assert bars["fetch big_thing-1.0-py3-none-any.whl"] == (2.0, 3.0)
    assert bars["layer big-thing"] == (5.0, 4.0)
    assert [bar.start for bar in chart.bars] == sorted(bar.start for bar in chart.bars)
    assert len(chart.table.rows) == len(chart.bars)


def test_the_longest_way_through_a_build_is_marked() -> None:
    record = with_steps(
        step("deps", 50.0), step("docs", 5.0), step("app", 9.0, "deps", started=50), seconds=59.0
    )

    chart = find(build_section(situations(record)[0]), "waterfall")

    assert isinstance(chart, Waterfall)
    assert {bar.label for bar in chart.bars if bar.is_long} == {"RUN deps", "RUN app"}


def test_of_many_steps_the_longest_sixty_are_drawn_and_the_rest_are_counted() -> None:
    record = with_steps(*(step(f"s{n:03}", 1.0 + n, started=n) for n in range(100)))

    chart = find(build_section(situations(record)[0]), "waterfall")

    assert isinstance(chart, Waterfall)
    assert [bar.label for bar in chart.bars] == [f"RUN s{n:03}" for n in range(40, 100)]
    assert chart.table.note == "40 shorter steps are left out"


def test_the_slowest_steps_come_with_what_they_usually_take() -> None:
    record = with_steps(step("a", 2.0), step("b", 30.0))
    again = with_steps(step("a", 4.0), step("b", 20.0))

    slowest = table(build_section(situations(record, again)[-1]), "slowest")

    assert [row[:3] for row in slowest.rows] == [("RUN b", 20.0, 30.0), ("RUN a", 4.0, 2.0)]


def test_a_miss_has_its_cost_what_ran_after_it_and_its_cause() -> None:
    record = with_steps(
        step("deps", 0.0, cached=True), step("copy", 2.0, "deps"), step("app", 9.0, "copy")
    )
    situation = replace(situations(record)[0], causes={"copy": "README.md changed"})

    misses = table(build_section(situation), "misses")

    assert misses.rows == (("RUN copy", 11.0, 1, "README.md changed"),)


def test_the_misses_of_several_builds_are_sorted_by_what_they_cost() -> None:
    cheap = with_steps(step("a", 1.0), id="cheap")
    dear = with_steps(step("b", 60.0), id="dear")
    free = with_steps(step("a", 0.0, cached=True), id="free")

    section = misses_section(situations(cheap, dear, free))

    rows = table(section, "expensive-misses").rows
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("dear", "RUN b", 60.0),
        ("cheap", "RUN a", 1.0),
    ]


def test_nothing_that_missed_is_nothing_to_list() -> None:
    warm = fold(Header(id="w"), WARM)

    assert misses_section(situations(warm)).blocks == ()


def test_the_treemap_has_an_area_for_each_dependency_that_has_a_layer() -> None:
    record = with_layers(
        layer("base", 30, Component.BASE),
        replace(layer("t", 50), part="torch", distributions=("torch==2.2",)),
        replace(layer("r", 20), part="rest", distributions=("a==1", "b==2")),
        layer("base", 30, Component.BASE),
        layer("empty", 0),
    )

    chart = find(build_section(situations(record)[0]), "treemap")

    assert isinstance(chart, Treemap)
    assert [(tile.label, tile.size, tile.group) for tile in chart.tiles] == [
        ("torch 2.2", 50, "dependencies"),
        ("base", 30, "base"),
        ("rest (2 distributions)", 20, "dependencies"),
    ]


def test_a_traced_build_without_layers_has_no_sizes() -> None:
    section = build_section(situations(with_steps(step("a", 1.0)))[0])

    assert not any(isinstance(block, Treemap) for block in section.blocks)


def test_a_build_that_failed_says_what_went_wrong() -> None:
    failed = replace(step("a", 3.0), outcome=StepOutcome.FAILED, error="exit code: 3")
    record = with_steps(failed, outcome=BuildOutcome.FAILED, error="RUN a: exit code: 3")

    section = build_section(situations(record)[0])

    texts = [block.text for block in section.blocks if isinstance(block, Paragraph)]
    assert texts == ["The build failed: RUN a: exit code: 3"]


def test_a_layer_is_named_by_what_is_in_it() -> None:
    assert layer_label(replace(layer("x", 1), name="lamina: application")) == "application"
    assert layer_label(replace(layer("x", 1), name="")) == str(layer("x", 1).digest)[:19]
