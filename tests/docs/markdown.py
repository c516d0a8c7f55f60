"""The parts of a Markdown page that tests look at: code blocks, headings, tables, links."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


def pages() -> list[Path]:
    """List every page that this project's documentation has."""
    return sorted((*DOCS.rglob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"))


def blocks(text: str, *languages: str) -> Iterator[tuple[str, str]]:
    """Yield (language, text) of the fenced blocks in ``languages``, in order."""
    for match in _FENCE.finditer(text):
        if match[1] in languages:
            yield match[1], match[2]


def prose(text: str) -> str:
    """Return the page without its fenced blocks."""
    return _FENCE.sub("", text)


def sections(text: str, *, level: int) -> dict[str, str]:
    """Split a page at headings of ``level``; titles come without backticks."""
    parts = re.split(rf"^{'#' * level} (.+)$", text, flags=re.MULTILINE)
    return {
        title.strip().strip("`"): body for title, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def rows(text: str) -> list[list[str]]:
    """Return the cells of every table row, without heads' rulers."""
    lines = (line.strip() for line in text.splitlines() if line.startswith("|"))
    cells = ([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines)
    return [row for row in cells if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]


def links(text: str) -> list[str]:
    """Return the targets of all links outside of code."""
    return _LINK.findall(prose(text))


def codes(text: str) -> list[str]:
    """Return what stands between single backticks, outside of fenced blocks."""
    return _CODE.findall(prose(text))
