"""What `lamina cache` says of the store, as documents."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lamina.errors import StoreError
from lamina.reports.document import (
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Figures,
    Paragraph,
    Section,
    Table,
    Unit,
)
from lamina.reports.figures import counted
from lamina.sizes import bytes_text
from lamina.store.prune import Pruned, Stuck
from lamina.store.stock import WORDS, Item, Kind, Stock

_SHOWN: Final = 10
_NS: Final = 10**9


def size_document(root: Path, stock: Stock, *, is_whole: bool) -> Document:
    """Describe what a store holds; ``is_whole`` lists everything that programs may want."""
    unneeded = stock.unneeded()
    size = sum(item.size for item in unneeded)
    images = sum(item.kind is Kind.NAME for item in stock.items)
    figures = Figures(
        key="totals",
        title="",
        items=(
            Figure(key="bytes", label="size", value=stock.size, unit=Unit.BYTES),
            Figure(key="unneeded_bytes", label="unneeded", value=size, unit=Unit.BYTES),
            Figure(key="named_images", label="named images", value=images, unit=Unit.COUNT),
        ),
    )
    columns = (*_COLUMNS, Column(key="unneeded_bytes", title="not needed", unit=Unit.BYTES))
    rows = tuple(
        (*row, sum(item.size for item in unneeded if item.kind == row[0]))
        for row in _by_kind(stock.items)
    )
    return Document(
        title=f"{root}: {bytes_text(stock.size)}",
        subtitle=f"{bytes_text(size)} of it is needed by none of {counted(images, 'named image')}",
        sections=(
            Section(
                key="store",
                title="What it holds",
                blocks=(
                    *([figures] if is_whole else []),
                    Table(key="kinds", title="by kind", columns=columns, rows=rows),
                    *_left_alone(stock, is_whole=is_whole),
                ),
            ),
        ),
    )


def prune_document(root: Path, pruned: Pruned, *, is_dry: bool, is_whole: bool) -> Document:
    """Describe what a prune removed, or would."""
    freed, in_use = _size(pruned.gone), _size(pruned.in_use)
    left = pruned.stock.size - freed
    figures = Figures(
        key="totals",
        title="",
        items=(
            Figure(key="freed_bytes", label="freed", value=freed, unit=Unit.BYTES),
            Figure(key="left_bytes", label="left", value=left, unit=Unit.BYTES),
            Figure(key="in_use_bytes", label="in use", value=in_use, unit=Unit.BYTES),
        ),
    )
    table = Table(key="kinds", title="by kind", columns=_COLUMNS, rows=_by_kind(pruned.gone))
    return Document(
        title=f"{root}: {'would free' if is_dry else 'freed'} {bytes_text(freed)}",
        subtitle=f"{bytes_text(left)} {'would stay' if is_dry else 'stay'}",
        sections=(
            Section(
                key="prune",
                title="What would go" if is_dry else "What is gone",
                blocks=(
                    *([figures] if is_whole else []),
                    *([table] if pruned.gone or is_whole else []),
                    *([_items(pruned.gone)] if is_whole else _names(pruned.gone)),
                    *([_stuck(pruned.stuck)] if is_whole else []),
                    *([_in_use(pruned.in_use)] if pruned.in_use else []),
                    *_left_alone(pruned.stock, is_whole=is_whole),
                ),
            ),
        ),
    )


def stuck_error(stuck: Sequence[Stuck]) -> StoreError:
    """Return the error that names what a prune could not remove, and why."""
    lines = [f"{one.where}: {one.why}" for one in stuck[:_SHOWN]]
    more = len(stuck) - _SHOWN
    return StoreError(
        f"{counted(len(stuck), 'part')} of the store cannot be removed",
        hint="see whose they are and what uses them, and prune again",
        why="\n".join([*lines, *([f"and {more:,} more"] if more > 0 else [])]),
    )


_COLUMNS: Final = (
    Column(key="kind", title="kind", unit=Unit.CODE),
    Column(key="what", title="what"),
    Column(key="count", title="number", unit=Unit.COUNT),
    Column(key="bytes", title="size", unit=Unit.BYTES),
)


def _by_kind(items: Sequence[Item]) -> tuple[tuple[Cell, ...], ...]:
    groups = [(kind, [item for item in items if item.kind is kind]) for kind in Kind]
    return tuple((str(k), WORDS[k], len(group), _size(group)) for k, group in groups if group)


def _size(items: Iterable[Item]) -> int:
    return sum(item.size for item in items)


def _items(items: Iterable[Item]) -> Table:
    columns = (
        Column(key="kind", title="kind", unit=Unit.CODE),
        Column(key="path", title="path", unit=Unit.CODE),
        Column(key="name", title="name", unit=Unit.CODE),
        Column(key="bytes", title="size", unit=Unit.BYTES),
        Column(key="used", title="used last", unit=Unit.TIME),
    )
    rows = tuple((str(x.kind), str(x.path), x.name, x.size, x.used / _NS) for x in items)
    return Table(key="items", title="", columns=columns, rows=rows)


def _names(items: Iterable[Item]) -> Iterable[Paragraph]:
    """Name the images that go."""
    names = [item.name or "(unknown)" for item in items if item.kind is Kind.NAME]
    if names:
        yield Paragraph(text=f"images: {_some(sorted(names))}")


def _stuck(stuck: Iterable[Stuck]) -> Table:
    columns = (
        Column(key="path", title="path", unit=Unit.CODE),
        Column(key="bytes", title="size", unit=Unit.BYTES),
        Column(key="why", title="why"),
    )
    rows = tuple((one.where, one.item.size, one.why) for one in stuck)
    return Table(key="stuck", title="", columns=columns, rows=rows)


def _in_use(items: Sequence[Item]) -> Paragraph:
    return Paragraph(text=f"{bytes_text(_size(items))} stays because it is, or may be, in use")


def _left_alone(stock: Stock, *, is_whole: bool) -> Iterable[Block]:
    """Tell what no command removes, and which images cannot be had."""
    if is_whole:
        for key, values in (("unknown", map(str, stock.unknown)), ("broken", stock.broken)):
            column = Column(key="path" if key == "unknown" else "name", title="", unit=Unit.CODE)
            rows = tuple((value,) for value in values)
            yield Table(key=key, title="", columns=(column,), rows=rows)
        return
    if stock.unknown:
        yield Paragraph(text=f"left alone, not Lamina's: {_some(list(map(str, stock.unknown)))}")
    if stock.broken:
        names = [name or "(unknown)" for name in stock.broken]
        yield Paragraph(text=f"images without a manifest that can be read: {_some(names)}")


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
