"""What is shipped for the page is what scripts/vendor_uplot.sh fetched, and it is all shipped."""

import re
from hashlib import sha256
from importlib.resources import files

from lamina.reports.formats.html.page import asset
from tests.support.tools import ROOT

_FETCHED = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
_FOLDER = files("lamina.reports.formats.html").joinpath("assets")


def test_the_charting_library_is_the_release_unchanged() -> None:
    found = {name: sha256(_FOLDER.joinpath(name).read_bytes()).hexdigest() for name in _FETCHED}

    assert found == _FETCHED


def test_the_version_that_the_page_names_is_the_one_that_is_fetched() -> None:
    script = (ROOT / "scripts" / "vendor_uplot.sh").read_text(encoding="utf-8")
    version = re.search(r"^VERSION=(\S+)$", script, re.MULTILINE)

    assert version
    assert f"(v{version[1]})" in asset("uPlot.iife.min.js")
    page = (ROOT / "src/lamina/reports/formats/html/page.py").read_text(encoding="utf-8")
    assert f"uPlot {version[1]} (MIT)" in page


def test_nothing_else_is_shipped() -> None:
    assert {path.name for path in _FOLDER.iterdir()} == {*_FETCHED, "report.css", "report.js"}


def test_no_asset_could_end_the_element_that_it_stands_in() -> None:
    for name in ("uPlot.iife.min.js", "report.js", "uPlot.min.css", "report.css"):
        assert not re.search("</(script|style)|<!--", asset(name), re.IGNORECASE)
    assert "--" not in asset("uPlot.LICENSE")
