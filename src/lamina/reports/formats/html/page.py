"""A document as one HTML file: styles, script and data inside, and no way to the network.

The content security policy allows the two scripts and the one style sheet of this page by their
digests, and nothing else: what a record brings cannot run, even if it was not escaped.
"""

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

from lamina.reports.document import Document, Section, Trend
from lamina.reports.figures import plain
from lamina.reports.formats.html.blocks import block

_ASSETS: Final = "lamina.reports.formats.html"
_SCRIPTS: Final = ("uPlot.iife.min.js", "report.js")
_STYLES: Final = ("uPlot.min.css", "report.css")
_SECTIONS_FOR_LINKS: Final = 3


def to_html(document: Document) -> str:
    """Write the page."""
    style = "\n".join(map(asset, _STYLES))
    scripts = [asset(name) for name in _SCRIPTS]
    title = escape(plain(document.title))
    subtitle = f"<p>{escape(plain(document.subtitle))}</p>" if document.subtitle else ""
    body = "\n".join(
        _section(section, f"s{number}") for number, section in enumerate(document.sections)
    )
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts, style)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<link rel="icon" href="data:,">',
            f"<title>{title}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            f"<header><h1>{title}</h1>{subtitle}{_links(document)}</header>",
            f"<main>\n{body}\n</main>",
            "<footer><p>Written by Lamina. Charts drawn with uPlot 1.6.32 (MIT).</p></footer>",
            f"<!-- uPlot:\n{asset('uPlot.LICENSE')}\n-->",
            *(f"<script>{script}</script>" for script in scripts),
            "</body>",
            "</html>",
            "",
        )
    )


@cache
def asset(name: str) -> str:
    """Return a file that is shipped for the page."""
    return files(_ASSETS).joinpath("assets", name).read_text(encoding="utf-8")


def _policy(scripts: list[str], style: str) -> str:
    allowed = " ".join(map(_source, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_source(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    """Name an inline script or style by its digest (CSP Level 3, 2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _links(document: Document) -> str:
    if len(document.sections) < _SECTIONS_FOR_LINKS:
        return ""
    items = "".join(
        f'<li><a href="#s{number}">{escape(plain(section.title))}</a></li>'
        for number, section in enumerate(document.sections)
    )
    return f'<nav aria-label="Sections"><ul>{items}</ul></nav>'


def _section(section: Section, id_: str, *, level: int = 2) -> str:
    inner = (
        _section(found, f"{id_}-{number}", level=level + 1)
        for number, found in enumerate(section.sections)
    )
    return "\n".join(
        (
            f'<section id="{id_}" aria-labelledby="{id_}-h">',
            f'<h{level} id="{id_}-h">{escape(plain(section.title))}</h{level}>',
            *_blocks(section, id_),
            *inner,
            "</section>",
        )
    )


def _blocks(section: Section, id_: str) -> Iterator[str]:
    """Yield the parts; trends that follow each other stand side by side where there is room."""
    is_open = False
    for number, part in enumerate(section.blocks):
        if isinstance(part, Trend) != is_open:
            is_open = not is_open
            yield '<div class="trends">' if is_open else "</div>"
        yield block(part, f"{id_}-b{number}", group=id_, within=section.title)
    if is_open:
        yield "</div>"
