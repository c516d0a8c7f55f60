"""A comparison as a document: the table of build times, and that of image sizes; pure."""

from collections.abc import Callable, Iterator
from functools import partial

from lamina.bench.comparison import Comparison, Scenario, Side, saved
from lamina.plan.component import Component
from lamina.reports.document import (
    Cell,
    Column,
    Document,
    Paragraph,
    Quantity,
    Section,
    Table,
    Tone,
    Unit,
)

_COMPONENTS = {
    Component.BASE: "base image",
    Component.SYSTEM: "system packages",
    Component.ENVIRONMENT: "Python environment",
    Component.DEPENDENCIES: "dependencies",
    Component.APPLICATION: "application",
    Component.OTHER: "caches, logs and temporary files",
}
Value = Callable[[Side], float | None]


def comparison_document(comparison: Comparison) -> Document:
    """Describe a comparison; the sides are columns, and what is saved stands beside each."""
    tables = (
        _table(comparison, "times", "Time by scenario", Unit.SECONDS, list(_times())),
        _table(comparison, "sizes", "Unpacked bytes", Unit.BYTES, list(_sizes(comparison))),
    )
    notes = tuple(Paragraph(text=note, tone=Tone.MUTED) for note in comparison.notes)
    sections = (
        Section(key="times", title="Build time", blocks=(tables[0],)),
        Section(key="sizes", title="Image size", blocks=(tables[1],)),
        Section(key="notes", title="How it was measured", blocks=notes),
    )
    return Document(
        title=f"{comparison.project}, before and after",
        sections=tuple(section for section in sections if section.blocks),
    )


def _times() -> Iterator[tuple[str, Value]]:
    for scenario in Scenario:
        yield str(scenario), partial(Side.time, scenario=scenario)


def _sizes(comparison: Comparison) -> Iterator[tuple[str, Value]]:
    measured = [side.sizes for side in comparison.sides if side.sizes]
    for component, title in _COMPONENTS.items():
        if any(sizes.components.get(component) for sizes in measured):
            yield title, partial(_size, component=component)
    if any(sizes.dead for sizes in measured):
        yield "hidden by later layers", _dead
    yield "total", _total


def _size(side: Side, *, component: Component) -> int | None:
    return side.sizes.components.get(component, 0) if side.sizes else None


def _dead(side: Side) -> int | None:
    return side.sizes.dead if side.sizes else None


def _total(side: Side) -> int | None:
    return side.sizes.total if side.sizes else None


def _table(
    comparison: Comparison, key: str, title: str, unit: Unit, rows: list[tuple[str, Value]]
) -> Table:
    columns = [Column(key="of", title="")]
    if comparison.before:
        columns.append(Column(key="before", title=comparison.before.label, unit=unit))
    for number, side in enumerate(comparison.after):
        columns.append(Column(key=_key("after", number), title=side.label, unit=unit))
        if comparison.before:
            columns.append(Column(key=_key("less", number), title="less", unit=Unit.RATE))
    measured = [
        (title, value)
        for title, value in rows
        if any(value(side) is not None for side in comparison.sides)
    ]
    cells = tuple((title, *_cells(comparison, value)) for title, value in measured)
    return Table(key=key, title=title, columns=tuple(columns), rows=cells)


def _key(word: str, number: int) -> str:
    """Name a column for programs: ``after`` is the project itself, ``after-1`` the first beside."""
    return f"{word}-{number}" if number else word


def _cells(comparison: Comparison, value: Value) -> Iterator[Cell]:
    before = value(comparison.before) if comparison.before else None
    if comparison.before:
        yield before
    for side in comparison.after:
        after = value(side)
        yield after
        if comparison.before:
            share = saved(before, after)
            tone = Tone.PLAIN if share is None else Tone.GOOD if share > 0 else Tone.BAD
            yield Quantity(value=share, unit=Unit.RATE, tone=tone)
