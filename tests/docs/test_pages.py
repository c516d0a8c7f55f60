"""Every page: links lead somewhere, paths exist, and a line holds one sentence."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, ROOT, codes, links, pages, prose, rows

_PAGES = pages()
_PATH = re.compile(r"(src|docs|tests|scripts|examples|benchmarks)/[\w./-]*")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    relative = [link for link in links(text) if not link.startswith("https://")]

    broken = [link for link in relative if not _leads_somewhere(page, link)]

    assert broken == []


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    named = [code for code in codes(page.read_text(encoding="utf-8")) if _PATH.fullmatch(code)]

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_package_and_module_at_the_top_is_in_where() -> None:
    """docs/where.md leads to every package and every module of src/lamina."""
    source = ROOT / "src" / "lamina"
    wanted = {path.name for path in source.iterdir() if (path / "__init__.py").exists()}
    wanted |= {path.name for path in source.glob("[!_]*.py")}

    named = codes((DOCS / "where.md").read_text(encoding="utf-8"))

    found = {code.removeprefix("src/lamina/").split("/")[0] for code in named if "/" in code}
    assert wanted - found == set()


def test_where_shows_the_import_order_that_is_enforced() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = document["tool"]["importlinter"]["contracts"][0]

    text = (DOCS / "where.md").read_text(encoding="utf-8")

    shown = text.rpartition("```text\n")[2].partition("```")[0].splitlines()
    layers = [layer.replace(" | ", "  ") for layer in contract["layers"]]
    assert shown == [layer for layer in layers if layer != "__main__"]


def test_every_word_of_the_glossary_has_one_line_and_a_link() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")

    lines = [row for row in rows(text) if row[0] != "word"]

    assert [row for row in lines if not re.fullmatch(r"\[[^\]]+\]\([^)]+\)", row[0])] == []
    assert [row for row in lines if len(row) != 2 or not row[1]] == []


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_a_line_of_prose_holds_one_sentence(page: Path) -> None:
    """One sentence a line keeps diffs small; tables and code are free."""
    text = prose(page.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and line[0] not in "|#"]

    assert [line for line in lines if re.search(r"(?<!^\d)[.!?] [A-Z]", line)] == []


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or anchor in _anchors(target)


def _anchors(page: Path) -> set[str]:
    """Name the headings of a page as GitHub does."""
    text = prose(page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
