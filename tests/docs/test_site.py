"""The documentation becomes a site: offline, without a warning, and every page can be reached."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag

import pytest

from tests.docs.markdown import DOCS, ROOT


class Loads(HTMLParser):
    """Collects what a page loads, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in {"script", "img", "iframe"} and "src" in values:
            self.loaded.append(values["src"])
        if tag == "link" and values.get("rel") in {
            "stylesheet",
            "preload",
            "icon",
            "shortcut icon",
        }:
            self.loaded.append(values["href"])
        if tag == "a":
            self.links.append(values.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    closed = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going",
         "-d", folder / "trees", "-c", DOCS, ROOT, folder / "html"],
        check=False, capture_output=True, text=True, env={**os.environ, **closed},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


def read(page: Path) -> Loads:
    found = Loads()
    found.feed(page.read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = [page for page in site.rglob("*.html") if "_static" not in page.parts]

    assert len(pages) > 50
    for page in pages:
        assert not [url for url in read(page).loaded if re.match(r"(?:https?:)?//", url)], page


@pytest.mark.slow
def test_every_page_can_be_reached_from_the_first(site: Path) -> None:
    first = site / "docs/index.html"
    seen, todo = {first}, [first]
    while todo:
        page = todo.pop()
        for link in read(page).links:
            target, _ = urldefrag(link)
            if not target.endswith(".html") or "://" in target:
                continue
            path = (page.parent / target).resolve()
            if path.is_file() and path not in seen:
                seen.add(path)
                todo.append(path)

    made = {site / page.relative_to(ROOT).with_suffix(".html") for page in DOCS.rglob("*.md")}
    assert made <= seen
