"""The page: it holds all it needs, forbids itself the network, and lets nothing foreign in."""

import re
from html.parser import HTMLParser

import pytest

from lamina.reports.document import (
    Document,
    Paragraph,
    Section,
    Series,
    Table,
    Tile,
    Treemap,
    Trend,
    Unit,
)
from lamina.reports.formats.html.chart import axis_of, harmless_json
from lamina.reports.formats.html.page import asset, to_html
from lamina.reports.formats.html.svg import treemap
from lamina.reports.formats.html.treemap import Area, squarify
from tests.reports.builds import HOSTILE, hostile, plausible

_VOID = {"meta", "link"}


class Elements(HTMLParser):
    """Every element of a page with its attributes, and whether all are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


@pytest.fixture(scope="module")
def page() -> str:
    return to_html(plausible())


def test_elements_are_closed_in_order(page: str) -> None:
    assert Elements(page).open == []


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    elements = Elements(page)

    addresses = [
        value
        for _, attributes in elements.found
        for name, value in attributes.items()
        if name in {"src", "href", "action", "poster", "data", "srcset"}
    ]

    assert [a for a in addresses if not (a or "").startswith(("#", "data:,"))] == []
    assert not re.search(r"url\(|@import", "".join(map(asset, ("report.css", "uPlot.min.css"))))


def test_the_policy_allows_this_pages_own_scripts_and_style_and_nothing_else(page: str) -> None:
    policy = next(
        str(meta["content"])
        for meta in Elements(page).named("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert len(rules["script-src"].split()) == 2
    assert all(
        source.startswith("'sha256-")
        for source in (*rules["script-src"].split(), rules["style-src"])
    )
    assert "unsafe" not in policy


def test_there_are_no_inline_handlers_and_styles(page: str) -> None:
    names = {name for _, attributes in Elements(page).found for name in attributes}

    assert [name for name in names if name.startswith("on") or name == "style"] == []


def test_every_chart_has_a_title_a_description_and_a_table(page: str) -> None:
    figures = page.split("<figure")[1:]

    assert len(figures) == 6
    for figure in figures:
        inside = figure.partition("</figure>")[0]
        assert re.search(r"<figcaption>[^<]+</figcaption>", inside)
        assert 'role="img"' in inside
        assert re.search(r'aria-label="[^"]{20,}"|<desc id="[^"]+">[^<]+</desc>', inside)
        assert "<details><summary>Table: " in inside
        assert inside.count("<tr>") > 1


def test_a_hostile_name_stays_text() -> None:
    """Everything that a record holds attacks the page here, and no element comes of it."""
    clean, attacked = Elements(to_html(plausible(12))), Elements(to_html(hostile()))

    assert {tag for tag, _ in attacked.found} == {tag for tag, _ in clean.found}
    assert len(attacked.named("script")) == len(clean.named("script"))
    assert attacked.open == []
    names = {name for _, attributes in attacked.found for name in attributes}
    assert names == {name for _, attributes in clean.found for name in attributes}
    assert "<script>alert(1)</script>" in "".join(attacked.texts)


def test_a_hostile_name_cannot_end_the_data_of_a_chart() -> None:
    text = harmless_json({"label": HOSTILE + "</script><!--"})

    assert not re.search("[<>&]", text)
    assert '\\"' in text


def test_control_characters_are_not_on_the_page() -> None:
    text = to_html(hostile())

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text)


def test_five_hundred_builds_make_less_than_two_megabytes() -> None:
    assert len(to_html(plausible(500)).encode()) < 2_000_000


def test_ids_are_unique_and_what_refers_to_them_finds_them(page: str) -> None:
    elements = Elements(page)
    ids = [str(attributes["id"]) for _, attributes in elements.found if "id" in attributes]

    referred = [
        word
        for _, attributes in elements.found
        for word in str(attributes.get("aria-labelledby") or "").split()
    ]
    links = [str(a["href"])[1:] for a in elements.named("a")]

    assert len(ids) == len(set(ids))
    assert set(referred) | set(links) <= set(ids)


def test_the_licence_of_the_charting_library_comes_along(page: str) -> None:
    assert "The MIT License (MIT)" in page
    assert "Leon Sorokin" in page


def test_a_document_without_parts_is_a_page() -> None:
    page = to_html(
        Document(
            title="<none>",
            sections=(Section(key="a", title="A", blocks=(Paragraph(text="x < y"),)),),
        )
    )

    assert "<h1>&lt;none&gt;</h1>" in page
    assert "x &lt; y" in page
    assert Elements(page).open == []


def _trend(unit: Unit, *values: float, middle: float | None = None) -> Trend:
    return Trend(
        key="k", title="T", unit=unit, times=tuple(map(float, range(len(values)))),
        series=(Series(label="T", values=values),), middle=middle,
        table=Table(key="t", title="t", columns=(), rows=()),
    )  # fmt: skip


def test_an_axis_counts_in_the_unit_that_its_values_have() -> None:
    assert axis_of(_trend(Unit.BYTES, 5e6)).label == "MB"
    assert axis_of(_trend(Unit.BYTES, 5e9)).label == "GB"
    assert axis_of(_trend(Unit.RATE, 0.5)).label == "percent"
    assert axis_of(_trend(Unit.SECONDS, 5.0, middle=5.0)).label == "seconds"


def test_seconds_far_beyond_the_median_make_the_axis_logarithmic() -> None:
    assert axis_of(_trend(Unit.SECONDS, 1.0, 1.0, 90.0, middle=1.0)).is_log
    assert not axis_of(_trend(Unit.SECONDS, 0.0, 1.0, 90.0, middle=1.0)).is_log


def test_the_areas_of_a_treemap_fill_the_whole_and_are_proportional() -> None:
    sizes = [600.0, 300.0, 60.0, 30.0, 10.0]

    areas = squarify(sizes, Area(x=0, y=0, width=100, height=50))

    assert [round(a.width * a.height, 6) for a in areas] == [s * 5 for s in sizes]
    for area in areas:
        assert area.x >= 0
        assert area.y >= 0
        assert area.x + area.width <= 100 + 1e-6
        assert area.y + area.height <= 50 + 1e-6


def test_the_areas_of_a_treemap_do_not_overlap() -> None:
    areas = squarify([9.0, 7.0, 5.0, 3.0, 2.0, 1.0], Area(x=0, y=0, width=30, height=90))

    for number, one in enumerate(areas):
        for other in areas[number + 1 :]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert min(across, down) <= 1e-6


def test_a_treemap_of_equal_parts_is_made_of_squares() -> None:
    areas = squarify([1.0] * 4, Area(x=0, y=0, width=100, height=100))

    assert [(round(a.width), round(a.height)) for a in areas] == [(50, 50)] * 4


def test_a_name_that_does_not_fit_its_area_loses_its_version_then_its_end() -> None:
    """All of it stays in the title that a pointer shows."""
    labels = ("xgboost 2.0.2", "statsmodels 0.15.0", "a-distribution-of-a-long-name 1")
    tiles = tuple(
        Tile(label=label, size=size, group="dependencies")
        for label, size in zip(labels, (880, 60, 60), strict=True)
    )

    page = treemap(
        Treemap(key="m", title="Map", tiles=tiles,
                table=Table(key="t", title="", columns=(), rows=())), "m",
    )  # fmt: skip

    assert re.findall(r'class="name"[^>]*>([^<]*)<', page) == [
        "xgboost 2.0.2", "statsmodels", "a-distributio…",
    ]  # fmt: skip
    assert [page.count(f"<title>{label}: ") for label in labels] == [1, 1, 1]
