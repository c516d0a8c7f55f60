"""Documents: sections of figures, tables and charts, as values that no format has touched yet.

Tables and charts hold numbers, and say what these are in; formats write them.  Texts may be
foreign, so every format has to make them harmless.  A ``key`` is what programs call a part, and is
unique among its neighbours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

Value = str | float | int | None


class Unit(StrEnum):
    """What a value is in.  ``CODE`` is a text of the project's own: a step, a name, a digest.

    ``TIME`` counts from the epoch, ``SECONDS`` is a span; a ``RATE`` is between 0 and 1.
    """

    TEXT = "text"
    CODE = "code"
    COUNT = "count"
    SECONDS = "seconds"
    BYTES = "bytes"
    RATE = "rate"
    TIME = "time"


class Tone(StrEnum):
    """How a part is meant; formats with colours show it by more than a colour."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    MUTED = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A cell with a unit of its own; ``is_change`` shows its sign."""

    value: Value
    unit: Unit
    is_change: bool = False
    tone: Tone = Tone.PLAIN


Cell = Value | Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    key: str
    title: str
    unit: Unit = Unit.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells; ``note`` says what is left out."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that matters; ``note`` sets it in relation."""

    key: str
    label: str
    value: Value
    unit: Unit
    note: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Numbers side by side."""

    key: str
    title: str
    items: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A sentence or two."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A line of a chart: a value for each of the chart's times, None where there is none."""

    label: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A chart of values over time, oldest first; the first series is the measured one.

    ``middle`` is the median of the measured values.
    """

    key: str
    title: str
    unit: Unit
    times: tuple[float, ...]
    series: tuple[Series, ...]
    table: Table
    middle: float | None = None

    @property
    def last(self) -> float | None:
        """The newest value that there is."""
        values = (value for value in reversed(self.series[0].values) if value is not None)
        return next(values, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A span of time; ``state`` is a word for how it ended, ``is_long`` puts it on the longest way.

    Both numbers are seconds, ``start`` since the whole began.
    """

    label: str
    start: float
    seconds: float
    state: str
    is_long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """A chart of spans, in the order in which they began."""

    key: str
    title: str
    bars: tuple[Bar, ...]
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A part of a whole; ``group`` decides its colour."""

    label: str
    size: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Treemap:
    """A chart of parts as areas; sizes are bytes."""

    key: str
    title: str
    tiles: tuple[Tile, ...]
    table: Table


Block = Paragraph | Figures | Table | Trend | Waterfall | Treemap


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, and what stands below it."""

    key: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple["Section", ...] = ()

    def walk(self) -> Iterator[Block]:
        """Yield its blocks and those of the sections inside."""
        yield from self.blocks
        for section in self.sections:
            yield from section.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A title and sections."""

    title: str
    subtitle: str = ""
    sections: tuple[Section, ...] = ()
