"""Waterfalls and treemaps as SVG: places in percent, so that a phone gets text of full size."""

from collections.abc import Iterator
from html import escape
from typing import Final

from lamina.reports.document import Treemap, Waterfall
from lamina.reports.figures import plain, seconds_text
from lamina.reports.formats.html.treemap import Area, squarify
from lamina.sizes import bytes_text

_ROW: Final = 36
_HEAD: Final = 36
_BAR: Final = 9
_TICKS: Final = (1, 2, 5)
_MOST_TICKS: Final = 5
_LEAST_WIDTH: Final = 0.25
_MAP: Final = Area(x=0, y=0, width=1000, height=420)
_LABELLED: Final = (56, 18)
"""From which width and height on a tile has room for its name, in units of the map."""
_SECOND_LINE: Final = 36
_LETTER: Final = 8
"""How wide a letter of a name is at most, in units of the map on a page of full width."""


def waterfall(chart: Waterfall, id_: str) -> str:
    """Draw a bar for each step below its name, on one scale of seconds."""
    total = max((bar.start + bar.seconds for bar in chart.bars), default=0.0) or 1.0
    height = _HEAD + _ROW * len(chart.bars)
    about = (
        f"{len(chart.bars)} steps over {seconds_text(total)}, each a bar from its start to its end"
    )
    parts = [*_opening(id_, chart.title, about, height), *_axis(total, height)]
    for number, bar in enumerate(chart.bars):
        y = _HEAD + _ROW * number
        width = max(_LEAST_WIDTH, bar.seconds / total * 100)
        x = min(bar.start / total * 100, 100 - width)
        label = f"{seconds_text(bar.seconds)}  {plain(bar.label)}"
        label += "" if bar.state == "done" else f" ({plain(bar.state)})"
        longest = " long" if bar.is_long else ""
        parts.append(f'<text class="label" x="0" y="{y + 14}">{escape(label)}</text>')
        parts.append(
            f'<rect class="bar {_state(bar.state)}{longest}" x="{x:.2f}%" y="{y + 20}" '
            f'width="{width:.2f}%" height="{_BAR}" rx="2"><title>{escape(label)}</title></rect>'
        )
    return "\n".join([*parts, "</svg>"])


def _opening(id_: str, title: str, about: str, height: float) -> Iterator[str]:
    yield (
        f'<svg class="drawing" role="img" aria-labelledby="{id_}-title {id_}-about" '
        f'width="100%" height="{height:g}">'
    )
    yield f'<title id="{id_}-title">{escape(title)}</title>'
    yield f'<desc id="{id_}-about">{escape(about)}</desc>'


def _axis(total: float, height: float) -> Iterator[str]:
    step = _tick(total)
    yield '<text class="axis" x="0" y="11">seconds since the start of the build</text>'
    value = 0.0
    while value <= total:
        x = value / total * 100
        anchor = "start" if x < 1 else "end" if x > 97 else "middle"  # noqa: PLR2004 - percent
        yield (
            f'<line class="grid" x1="{x:.2f}%" x2="{x:.2f}%" y1="30" y2="{height:g}"/>'
            f'<text class="axis" x="{x:.2f}%" y="26" text-anchor="{anchor}">{value:g} s</text>'
        )
        value = round(value + step, 6)


def _tick(total: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten, of which few fit into ``total``."""
    magnitude = 0.001
    while True:
        for digit in _TICKS:
            if total / (digit * magnitude) <= _MOST_TICKS:
                return digit * magnitude
        magnitude *= 10


def _state(state: str) -> str:
    return state if state in {"done", "cached", "failed"} else "other"


def treemap(chart: Treemap, id_: str) -> str:
    """Draw each part as an area; what has room for its name shows it."""
    total = sum(tile.size for tile in chart.tiles)
    about = f"{len(chart.tiles)} parts of {bytes_text(total)}, the largest first"
    areas = squarify([tile.size for tile in chart.tiles], _MAP)
    parts = list(_opening(id_, chart.title, about, _MAP.height))
    for tile, area in zip(chart.tiles, areas, strict=True):
        name, size = plain(tile.label), bytes_text(tile.size)
        x, width = area.x / _MAP.width * 100, area.width / _MAP.width * 100
        parts.append(
            f'<svg x="{x:.3f}%" y="{area.y:.1f}" width="{width:.3f}%" height="{area.height:.1f}">'
            f"<title>{escape(f'{name}: {size} ({tile.group})')}</title>"
            f'<rect class="tile g-{escape(_group(tile.group))}" width="100%" height="100%"/>'
            f"{_tile_text(name, size, area)}</svg>"
        )
    return "\n".join([*parts, "</svg>"])


def _tile_text(name: str, size: str, area: Area) -> str:
    if area.width < _LABELLED[0] or area.height < _LABELLED[1]:
        return ""
    text = f'<text class="name" x="5" y="14">{escape(_fitting(name, area.width))}</text>'
    if area.height >= _SECOND_LINE:
        text += f'<text class="size" x="5" y="29">{escape(size)}</text>'
    return text


def _fitting(name: str, width: float) -> str:
    """Shorten a name that is too wide: by its version, then by its end; all of it is the title."""
    room = int((width - 5) / _LETTER)
    if len(name) <= room:
        return name
    short = name.partition(" ")[0]
    return short if len(short) <= room else f"{short[: room - 1]}…"


def _group(group: str) -> str:
    return "".join(character for character in group if character.isalnum())
