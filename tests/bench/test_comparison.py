"""A comparison as values, as tables and as a chart."""

import json
from xml.etree import ElementTree as ET

import pytest

from lamina.bench.chart import comparison_chart
from lamina.bench.comparison import Comparison, Scenario, Side, Sizes, saved
from lamina.bench.document import comparison_document
from lamina.plan.component import Component
from lamina.reports.formats.json import to_json
from lamina.reports.formats.markdown import to_markdown

BEFORE = Side(
    label="Dockerfile",
    seconds={Scenario.CLEAN: (100.0, 80.0, 300.0), Scenario.CACHED: (50.0,)},
    sizes=Sizes(components={Component.BASE: 150, Component.DEPENDENCIES: 2000}, dead=50),
)
AFTER = Side(
    label="Lamina",
    seconds={Scenario.CLEAN: (10.0,), Scenario.CACHED: (0.5,), Scenario.CI_KEPT: (2.0,)},
    sizes=Sizes(components={Component.BASE: 50, Component.DEPENDENCIES: 500}),
)
BOTH = Comparison(project="shop", before=BEFORE, after=(AFTER,), notes=("Base there.",))


def rows(comparison: Comparison) -> dict[str, list[dict[str, object]]]:
    document = json.loads(to_json(comparison_document(comparison)))
    return {s["key"]: s[s["key"]] for s in document["sections"] if s["key"] != "notes"}


def test_the_median_of_the_rounds_counts() -> None:
    assert BEFORE.time(Scenario.CLEAN) == 100.0


def test_each_row_says_what_is_saved() -> None:
    found = rows(BOTH)

    assert found["times"][0] == {"of": "clean build", "before": 100.0, "after": 10.0, "less": 0.9}
    assert found["sizes"][-1] == {"of": "total", "before": 2200, "after": 550, "less": 0.75}


def test_what_was_not_measured_is_not_zero() -> None:
    ci = rows(BOTH)["times"][2]

    assert ci["of"] == Scenario.CI_KEPT
    assert (ci["before"], ci["after"], ci["less"]) == (None, 2.0, None)


def test_what_nobody_measured_has_no_row() -> None:
    assert Scenario.CI_EMPTY not in {row["of"] for row in rows(BOTH)["times"]}


def test_bytes_that_a_later_layer_hides_are_part_of_the_total() -> None:
    named = {row["of"]: row["before"] for row in rows(BOTH)["sizes"]}

    assert named["hidden by later layers"] == 50
    assert named["total"] == sum(size for of, size in named.items() if of != "total")  # type: ignore[misc]


def test_alone_there_is_nothing_to_save() -> None:
    found = rows(Comparison(project="shop", before=None, after=(AFTER,)))

    assert found["times"][0] == {"of": "clean build", "after": 10.0}


def test_folders_beside_get_columns_of_their_own() -> None:
    lighter = Side(label="lighter", sizes=Sizes(components={Component.BASE: 50}))

    found = rows(Comparison(project="shop", before=BEFORE, after=(AFTER, lighter)))

    assert found["sizes"][-1]["after-1"] == 50
    assert found["sizes"][-1]["less-1"] == pytest.approx(1 - 50 / 2200)


@pytest.mark.parametrize(
    ("before", "after", "share"), [(10.0, 20.0, -1.0), (0, 1, None), (None, 1.0, None)]
)
def test_what_became_more_is_below_zero(
    before: float | None, after: float | None, share: float | None
) -> None:
    assert saved(before, after) == share


def test_markdown_has_both_tables() -> None:
    text = to_markdown(comparison_document(BOTH))

    assert "| clean build | 100 s | 10 s | 90 % |" in text.replace("10.0 s", "10 s")
    assert "| total | 2.2 kB | 550 B | 75 % |" in text


def test_the_chart_has_a_bar_for_everything_measured() -> None:
    root = ET.fromstring(comparison_chart(BOTH))

    bars = [e for e in root.iter("{http://www.w3.org/2000/svg}rect") if e.get("fill") != "#ffffff"]
    widths = [float(bar.get("width", "0")) for bar in bars]
    assert len(bars) == 7
    assert widths[1] == pytest.approx(widths[0] / 10)


def test_a_hostile_label_stays_text_in_the_chart() -> None:
    side = Side(label='<script>"', seconds={Scenario.CLEAN: (1.0,)})

    root = ET.fromstring(comparison_chart(Comparison(project='a"><b', before=None, after=(side,))))

    assert '<script>"' in [element.text for element in root.iter()]
