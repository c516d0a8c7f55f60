"""Values as texts for people: one way to write a size, a time and a rate in every format."""

from datetime import UTC, datetime
from typing import Final

from lamina.reports.document import Cell, Quantity, Unit, Value
from lamina.sizes import bytes_text

NOTHING: Final = "\N{EN DASH}"
_MINUTES_FROM: Final = 600
_HOURS_FROM: Final = 2 * 3600
_WHOLE_FROM: Final = 100
_TENTHS_FROM: Final = 1


def value_text(value: Value, unit: Unit, *, is_change: bool = False) -> str:
    """Write a value in its unit; what is not known is a dash.

    >>> value_text(12_300_000, Unit.BYTES), value_text(0.5, Unit.RATE, is_change=True)
    ('12.3 MB', '+50 %')
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        return value
    text = _WRITERS[unit](float(value))
    return f"+{text}" if is_change and value > 0 else text


def cell_text(cell: Cell, unit: Unit) -> str:
    """Write a cell of a column; a cell that brings its own unit is written in that."""
    if isinstance(cell, Quantity):
        return value_text(cell.value, cell.unit, is_change=cell.is_change)
    return value_text(cell, unit)


def cell_value(cell: Cell) -> Value:
    """Return what a program wants of a cell."""
    return cell.value if isinstance(cell, Quantity) else cell


def plain(text: str) -> str:
    r"""Put foreign text on one line, without characters that steer a terminal or turn a line.

    >>> plain("RUN a &&\n  b")
    'RUN a && b'
    """
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def is_number(unit: Unit) -> bool:
    """Whether values of this unit stand at the right."""
    return unit not in {Unit.TEXT, Unit.CODE, Unit.TIME}


def counted(count: int, noun: str) -> str:
    """Write how many there are of something.

    >>> counted(1, "build"), counted(1200, "build")
    ('1 build', '1,200 builds')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def seconds_text(seconds: float) -> str:
    """Write a span with about three digits.

    >>> [seconds_text(s) for s in (0.25, 12.34, 134.2, 1500, 9000, -3)]
    ['0.25 s', '12.3 s', '134 s', '25 min', '2.5 h', '-3.0 s']
    """
    size = abs(seconds)
    if size >= _HOURS_FROM:
        return f"{seconds / 3600:.1f} h"
    if size >= _MINUTES_FROM:
        return f"{seconds / 60:.0f} min"
    digits = 0 if size >= _WHOLE_FROM else 1 if size >= _TENTHS_FROM else 2
    return f"{seconds:.{digits}f} s"


def rate_text(rate: float) -> str:
    """Write a rate; only all of it is 100 %, and only nothing is 0 %.

    >>> [rate_text(r) for r in (0.999, 0.0001, 0.5, -0.25)]
    ['99 %', '1 %', '50 %', '-25 %']
    """
    percent = round(rate * 100)
    if 0 < rate < 1:
        percent = min(99, max(1, percent))
    return f"{percent} %"


def time_text(seconds: float) -> str:
    """Write a time of the epoch, in UTC.

    >>> time_text(0)
    '1970-01-01 00:00'
    """
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return NOTHING


_WRITERS: Final = {
    Unit.TEXT: lambda value: f"{value:g}",
    Unit.CODE: lambda value: f"{value:g}",
    Unit.COUNT: lambda value: f"{value:,.0f}",
    Unit.SECONDS: seconds_text,
    Unit.BYTES: bytes_text,
    Unit.RATE: rate_text,
    Unit.TIME: time_text,
}
