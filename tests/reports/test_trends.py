"""Trends: which builds belong together, and what is usual for them."""

from dataclasses import replace

from lamina.history.record import BuildOutcome
from lamina.reports.document import Block, Figures, Section, Table, Trend
from lamina.reports.trends import image_section, image_trends, overview
from tests.history.builds import build, layer, step, with_steps
from tests.reports.builds import situations
from tests.support.past_builds import past_builds


def rows(*records: object) -> list[object]:
    return [situation.row for situation in situations(*records)]  # type: ignore[arg-type]


def trend_of(section: Section, key: str) -> Trend:
    return next(b for b in section.blocks if isinstance(b, Trend) and b.key == key)


def test_builds_are_told_apart_by_image_and_engine_and_the_newest_comes_first() -> None:
    one = build("1", 10.0, names=("r/one:1",), engine="native")
    two = build("2", 20.0, names=("r/two:1",), engine="native")
    traced = build("3", 30.0, names=("r/one:2",), engine="buildkit", kind="trace")

    found = image_trends(rows(one, two, traced))  # type: ignore[arg-type]

    assert [trend.title for trend in found] == [
        "r/one (trace, buildkit)",
        "r/two",
        "r/one (build, native)",
    ]


def test_builds_for_other_platforms_are_a_trend_of_their_own() -> None:
    """Their bytes and seconds are those of more images; a build that failed goes with the last."""
    both, one = ("linux/amd64", "linux/arm64"), ("linux/amd64",)
    failed = BuildOutcome.FAILED
    records = [
        build("0", 5.0, names=("r/one:1",), outcome=failed),
        build("1", 10.0, names=("r/one:1",), platforms=both),
        build("2", 20.0, names=("r/one:1",), platforms=one),
        build("3", 30.0, names=("r/one:1",), platforms=both, outcome=failed),
        build("4", 40.0, names=("r/one:1",), outcome=failed),
    ]

    found = image_trends(rows(*records))  # type: ignore[arg-type]

    assert [(trend.title, [row.id for row in trend.rows]) for trend in found] == [
        ("r/one, linux/amd64", ["2", "4"]),
        ("r/one, linux/amd64 linux/arm64", ["0", "1", "3"]),
    ]
    assert len({image_section(trend, costs={}, verdicts=()).key for trend in found}) == 2


def test_a_trend_has_each_build_oldest_first_and_the_median_of_the_last_ten() -> None:
    records = [build(str(n), 100.0 + n, seconds=float(n)) for n in range(1, 13)]

    section = image_section(image_trends(rows(*records))[0], costs={}, verdicts=())  # type: ignore[arg-type]

    chart = trend_of(section, "seconds")
    assert chart.times == tuple(range(101, 113))
    assert chart.series[0].values == tuple(map(float, range(1, 13)))
    assert chart.series[1].values[:3] == (1.0, 1.5, 2.0)
    assert chart.series[1].values[-1] == 7.5
    assert (chart.last, chart.middle) == (12.0, 6.5)


def test_a_build_that_failed_is_shown_but_counts_for_no_median() -> None:
    failed = build("f", 200.0, seconds=900.0, outcome=BuildOutcome.FAILED)
    records = [build("1", 100.0, seconds=10.0), failed, build("2", 300.0, seconds=20.0)]

    section = image_section(image_trends(rows(*records))[0], costs={}, verdicts=())  # type: ignore[arg-type]

    chart = trend_of(section, "seconds")
    assert chart.series[0].values == (10.0, None, 20.0)
    assert (chart.series[2].label, chart.series[2].values) == ("not done", (None, 900.0, None))
    assert chart.middle == 15.0


def test_what_was_never_measured_has_no_chart() -> None:
    section = image_section(image_trends(rows(build()))[0], costs={}, verdicts=())  # type: ignore[arg-type]

    assert [b.key for b in section.blocks if isinstance(b, Trend)] == ["seconds"]


def test_every_chart_has_its_builds_as_a_table_the_newest_first() -> None:
    (trend,) = image_trends(rows(*past_builds(250)))  # type: ignore[arg-type]

    charts = [
        block
        for block in image_section(trend, costs={}, verdicts=()).blocks
        if isinstance(block, Trend)
    ]

    assert [chart.key for chart in charts] == ["seconds", "image-size", "hit-rate", "reuse"]
    for chart in charts:
        assert len(chart.table.rows) == 200
        assert chart.table.rows[0][1] == trend.last.started
        assert chart.table.note == "50 older builds are left out of this table"


def test_the_overview_has_a_row_for_each_image() -> None:
    records = [*past_builds(30, images=("a", "b"))]

    section = overview(image_trends(rows(*records)))  # type: ignore[arg-type]

    (table,) = section.blocks
    assert isinstance(table, Table)
    assert [(row[0], row[1]) for row in table.rows] == [
        ("registry.example.com/b", 15),
        ("registry.example.com/a", 15),
    ]


def test_the_steps_that_cost_most_are_those_that_usually_take_longest() -> None:
    record = with_steps(step("short", 1.0), step("long", 60.0))
    costs = situations(record, record)[-1].costs

    section = image_section(image_trends(rows(record))[0], costs=costs, verdicts=())  # type: ignore[arg-type]

    table = section.blocks[-1]
    assert isinstance(table, Table)
    assert table.rows == (("RUN long", 60.0), ("RUN short", 1.0))


def test_the_last_build_is_set_in_relation_to_what_is_usual() -> None:
    records = [build(str(n), 100.0 + n, seconds=s) for n, s in enumerate((10.0, 12.0, 14.0))]

    section = image_section(image_trends(rows(*records))[0], costs={}, verdicts=())  # type: ignore[arg-type]

    figures: Block = section.blocks[0]
    assert isinstance(figures, Figures)
    seconds = next(item for item in figures.items if item.key == "seconds")
    assert (seconds.value, seconds.note) == (14.0, "median 12.0 s \N{PLUS-MINUS SIGN} 2.0 s")


def test_an_image_without_a_name_is_still_shown() -> None:
    record = replace(build(), layers=(layer("a", 5),))

    assert image_trends(rows(record))[0].title == "builds without a name"  # type: ignore[arg-type]
