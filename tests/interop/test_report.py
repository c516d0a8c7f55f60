"""The report in a real browser: what it shows, what it asks for, and whether all can use it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lamina.history.database import open_history
from lamina.history.fold import Header, fold
from lamina.history.record import BuildRecord
from lamina.reports.formats.html.page import to_html
from lamina.trace.fold import fold_solve
from tests.history.builds import COLD, WARM
from tests.reports.builds import hostile
from tests.support.chromium import AXE, Page, browser_page, chromium_program
from tests.support.past_builds import past_builds
from tests.support.process import run
from tests.support.tools import LAMINA
from tests.trace.logs_of import START, solve_of

_DAY = 86_400.0
_WIDE, _PHONE = (1280, 1000), (390, 844)
_LOGS = ("docker-20-cold.plain", "docker-20-warm.plain", "docker-20-failing.plain")

pytestmark = pytest.mark.skipif(
    chromium_program() is None, reason="there is no Chromium: run `make tools` as root"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser_page(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of 500 builds: plausible ones, and those that real logs and events tell."""
    folder = tmp_path_factory.mktemp("report")
    with open_history(str(folder / "history.db")) as history:
        history.add([*past_builds(500 - 5, images=("shop/agent", "shop/web")), *_real()])
    environment = {**os.environ, "LAMINA_HISTORY": str(folder / "history.db")}
    run(*LAMINA, "report", "-o", folder / "report.html", environment=environment)
    return folder / "report.html"


def _real() -> Iterator[BuildRecord]:
    for number, name in enumerate(_LOGS):
        header = Header(id=f"log{number}", kind="trace", names=("shop/traced:1",))
        yield fold_solve(header, solve_of(name), started=START + number * _DAY)
    for number, events in enumerate((COLD, WARM)):
        yield fold(Header(id=f"event{number}", engine="native"), events)


@pytest.fixture
def page(browser: Page, report: Path) -> Page:
    browser.prefer("light")
    browser.resize(*_WIDE)
    browser.open(report.as_uri())
    browser.settle()
    return browser


def test_the_report_logs_no_problem_and_asks_nobody(page: Page, report: Path) -> None:
    assert page.problems == []
    assert page.requests == [report.as_uri()]


def test_the_report_of_500_builds_is_smaller_than_two_megabytes(report: Path) -> None:
    assert report.stat().st_size < 2_000_000


def test_the_policy_of_the_page_stops_what_it_does_not_know(page: Page) -> None:
    """A script that got onto the page all the same does not run, and nothing gets out."""
    page.evaluate(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.hit = 1';"
        "document.body.append(s); const i = new Image(); i.src = 'http://127.0.0.1:9/x';"
        "document.body.append(i); })()"
    )
    page.settle()

    assert page.evaluate("window.hit === undefined")
    assert len([p for p in page.problems if "Content Security Policy" in p]) == 2


def test_every_trend_is_drawn_and_has_a_title_and_axes_with_units(page: Page) -> None:
    charts: list[dict[str, Any]] = page.evaluate(
        """[...document.querySelectorAll('.chart')].map(box => {
             const canvas = box.querySelector('canvas');
             const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
             const data = JSON.parse(document.getElementById(`${box.id}-data`).textContent);
             return {
               colours: new Set(new Uint32Array(pixels.data.buffer)).size,
               wide: canvas.clientWidth,
               title: box.closest('figure').querySelector('figcaption').textContent,
               label: box.getAttribute('aria-label'),
               x: data.x, y: data.y, builds: data.data[0].length,
             };
           })"""
    )

    titles = {chart["title"] for chart in charts}
    assert titles == {"Build time", "Image size", "Hit rate, by time", "Layer reuse, by bytes"}
    for chart in charts:
        assert chart["colours"] > 10
        assert chart["wide"] > 300
        assert chart["x"] == "start of the build (UTC)"
        assert chart["y"] in {"seconds", "seconds (log)", "MB", "GB", "percent"}
        assert f"{chart['title']} in {chart['y']} of {chart['builds']} builds" in chart["label"]


def test_the_drawings_have_titles_and_every_chart_has_its_table(page: Page) -> None:
    figures = page.evaluate(
        """[...document.querySelectorAll('figure')].map(figure => ({
             named: Boolean(figure.querySelector('.chart[aria-label], svg.drawing > title')),
             rows: figure.querySelectorAll('details table tbody tr').length,
           }))"""
    )

    drawings = page.evaluate("document.querySelectorAll('svg.drawing').length")
    assert drawings == 2
    assert len(figures) > drawings
    assert all(figure["named"] and figure["rows"] for figure in figures)


def test_pointing_at_a_chart_reads_out_the_build_below_the_pointer(page: Page) -> None:
    box = page.evaluate(
        "(() => { const b = document.querySelector('.chart .u-over');"
        "b.scrollIntoView({block: 'center'}); const r = b.getBoundingClientRect();"
        "return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()"
    )
    before = page.evaluate("document.querySelector('.readout').textContent")

    page.send("Input.dispatchMouseEvent", type="mouseMoved", **box)
    page.settle()

    after = page.evaluate("document.querySelector('.readout').textContent")
    assert before.startswith("last ")
    assert after.startswith("2026-")
    assert "Build time" in after
    assert "(seconds" in after


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there: run `make tools` as root")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [_WIDE, _PHONE], ids=["wide", "phone"])
def test_the_report_keeps_the_rules_of_accessibility(
    page: Page, scheme: str, screen: tuple[int, int]
) -> None:
    """All rules of axe-core, with every table unfolded."""
    page.resize(*screen, is_mobile=screen == _PHONE)
    page.prefer(scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.evaluate(f"{AXE.read_text(encoding='utf-8')}; 0")

    found = page.evaluate(
        "axe.run().then(r => ({violations: r.violations.map(v => ({id: v.id, help: v.help,"
        "nodes: v.nodes.map(n => n.html.slice(0, 200))})), passes: r.passes.length}))"
    )

    assert found["violations"] == [], json.dumps(found["violations"], indent=2)
    assert found["passes"] > 20


def test_a_phone_shows_the_page_without_scrolling_sideways(page: Page) -> None:
    page.resize(*_PHONE, is_mobile=True)

    assert page.evaluate("document.documentElement.scrollWidth") == _PHONE[0]
    widths = page.evaluate(
        "[...document.querySelectorAll('canvas, svg.drawing')].map(c => c.clientWidth)"
    )
    assert all(0 < width <= _PHONE[0] for width in widths)


def test_charts_are_drawn_again_in_the_colours_that_the_user_prefers(page: Page) -> None:
    first = "document.querySelector('.chart canvas').toDataURL()"
    light, paper = page.evaluate(first), page.evaluate("getComputedStyle(document.body).background")

    page.prefer("dark")

    assert page.evaluate(first) != light
    assert page.evaluate("getComputedStyle(document.body).background") != paper


def test_a_hostile_history_does_nothing_in_a_browser(browser: Page, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(to_html(hostile()), encoding="utf-8")

    browser.open(path.as_uri())
    browser.settle()

    assert browser.problems == []
    assert browser.requests == [path.as_uri()]
    assert (
        browser.evaluate("document.querySelectorAll('script[src], iframe, a[href^=java]').length")
        == 0
    )
    assert "<script>alert(1)</script>" in browser.evaluate("document.body.innerText")
