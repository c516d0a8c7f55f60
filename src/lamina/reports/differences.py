"""What changed between two images: figures, packages, configuration and files."""

from collections.abc import Iterator
from typing import Final

from lamina.anatomy.anatomy import Anatomy
from lamina.anatomy.difference import Difference, FileChange, PackageChange
from lamina.anatomy.owners import OwnerKind
from lamina.reports.comparison import change, figures_table
from lamina.reports.document import (
    Cell,
    Column,
    Document,
    Figure,
    Figures,
    Paragraph,
    Quantity,
    Section,
    Table,
    Unit,
)
from lamina.reports.figures import counted

SHOWN: Final = 30
"""Rows of files for people; programs get all."""

_SIZES: Final = (
    Column(key="size_before", title="size before", unit=Unit.BYTES),
    Column(key="size_after", title="after", unit=Unit.BYTES),
    Column(key="size_change", title="change", unit=Unit.BYTES),
)
_KINDS: Final = {
    OwnerKind.DISTRIBUTION: ("distributions", "Python distributions"),
    OwnerKind.PACKAGE: ("packages", "Debian packages"),
}


def difference_document(
    names: tuple[str, str],
    old: Anatomy,
    new: Anatomy,
    difference: Difference,
    *,
    shown: int | None = SHOWN,
) -> Document:
    """Describe what changed from the first of ``names`` to the second."""
    kinds = (_packages(kind, difference) for kind in OwnerKind)
    sections = [
        Section(key="sizes", title="Sizes", blocks=(_sizes(old, new), _pull(difference))),
        *(Section(key=table.key, title=table.title, blocks=(table,)) for table in kinds),
        Section(key="configuration", title="Configuration", blocks=(_settings(difference),)),
        Section(key="files", title="Files", blocks=tuple(_files(difference, shown))),
    ]
    empty = (s for s in sections[1:] if not any(_has_rows(block) for block in s.blocks))
    same = ", ".join(section.title for section in empty)
    return Document(
        title=f"{names[0]} → {names[1]}",
        subtitle=f"The same: {same}" if same else "",
        sections=tuple(
            s for s in sections if shown is None or any(_has_rows(block) for block in s.blocks)
        ),
    )


def _has_rows(block: object) -> bool:
    return not isinstance(block, Table) or bool(block.rows)


def _sizes(old: Anatomy, new: Anatomy) -> Table:
    pairs = (
        ("packed", old.image.size, new.image.size, Unit.BYTES),
        ("unpacked", old.image_bytes, new.image_bytes, Unit.BYTES),
        ("live", old.live_bytes, new.live_bytes, Unit.BYTES),
        ("dead", old.dead_bytes, new.dead_bytes, Unit.BYTES),
        ("layers", len(old.image.layers), len(new.image.layers), Unit.COUNT),
        ("paths", len(old.parts), len(new.parts), Unit.COUNT),
    )
    return figures_table(
        "figures",
        [
            (name, Quantity(value=one, unit=unit), Quantity(value=two, unit=unit),
             change(one, two, unit))
            for name, one, two, unit in pairs
        ],
    )  # fmt: skip


def _pull(difference: Difference) -> Figures:
    reuse = difference.reuse
    return Figures(
        key="reuse",
        title="Reuse",
        items=(
            Figure(
                key="rate", label="Layer reuse, by bytes", value=reuse.rate, unit=Unit.RATE,
                note=f"{counted(len(reuse.layers), 'layer')} of the old image",
            ),
            Figure(
                key="pull", label="To pull", value=reuse.pulled, unit=Unit.BYTES,
                note="by a node that has the old image",
            ),
        ),
    )  # fmt: skip


def _packages(kind: OwnerKind, difference: Difference) -> Table:
    key, title = _KINDS[kind]
    return Table(
        key=key,
        title=title,
        columns=(
            Column(key="name", title="name", unit=Unit.CODE),
            Column(key="before", title="before", unit=Unit.CODE),
            Column(key="after", title="after", unit=Unit.CODE),
            *_SIZES,
        ),
        rows=tuple(_package(row) for row in difference.packages if row.kind is kind),
    )


def _package(row: PackageChange) -> tuple[Cell, ...]:
    sizes = row.size_before, row.size_after
    return row.name, row.before, row.after, *sizes, change(*sizes, Unit.BYTES)


def _settings(difference: Difference) -> Table:
    return Table(
        key="settings",
        title="Settings",
        columns=(
            Column(key="setting", title="setting"),
            Column(key="before", title="before", unit=Unit.CODE),
            Column(key="after", title="after", unit=Unit.CODE),
        ),
        rows=tuple((row.name, row.before, row.after) for row in difference.settings),
    )


def _files(difference: Difference, shown: int | None) -> Iterator[Table | Paragraph]:
    """List files, for people without those of packages that are listed themselves."""
    moved = {row.name for row in difference.packages}
    rows = [r for r in difference.files if shown is None or r.owner.partition(" ")[0] not in moved]
    rows.sort(key=lambda row: (-abs(row.size_after - row.size_before), row.path))
    left = len(rows[:shown])
    if difference.files and not rows:
        count = counted(len(difference.files), "path")
        yield Paragraph(text=f"{count} differ, all of them of packages that are listed.")
        return
    yield Table(
        key="table",
        title=f"{len(difference.files):,} paths differ",
        columns=(
            Column(key="path", title="path", unit=Unit.CODE),
            Column(key="change", title="how"),
            Column(key="what", title="what"),
            *_SIZES,
            Column(key="owner", title="of", unit=Unit.CODE),
        ),
        rows=tuple(_file(row) for row in rows[:shown]),
        note=f"{len(difference.files) - left:,} more, of packages that are listed or smaller"
        if left < len(difference.files)
        else "",
    )


def _file(row: FileChange) -> tuple[Cell, ...]:
    sizes = row.size_before, row.size_after
    return f"/{row.path}", row.change, row.what, *sizes, change(*sizes, Unit.BYTES), row.owner
