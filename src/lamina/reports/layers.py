"""The layers of an image: what made them, what is in them, and which bytes nobody sees."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Final, TypeVar

from lamina.anatomy.anatomy import Anatomy, Part
from lamina.anatomy.junk import CLASSES
from lamina.anatomy.reuse import Reuse
from lamina.anatomy.stack import Dead
from lamina.reports.document import (
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
from lamina.reports.layer_rows import layer_rows
from lamina.sizes import bytes_text

Key = TypeVar("Key", bound=Hashable)

SHOWN: Final = 20
"""Rows of a table for people; programs get all."""

_BYTES: Final = Column(key="bytes", title="size", unit=Unit.BYTES)
_PATH: Final = Column(key="path", title="path", unit=Unit.CODE)


def layers_document(
    name: str,
    anatomy: Anatomy,
    *,
    previous: str = "",
    reuse: Reuse | None = None,
    shown: int | None = SHOWN,
) -> Document:
    """Describe an image layer by layer; ``reuse`` says what it shares with ``previous``."""
    image = anatomy.image
    sections = [
        Section(key="bytes", title="Bytes", blocks=(_figures(anatomy),)),
        Section(
            key="layers", title="Layers", blocks=(_layers(anatomy, reuse, shown), _note(anatomy))
        ),
        *([_reuse_section(previous, reuse)] if reuse else []),
        Section(key="dead", title="Dead bytes", blocks=_dead(anatomy, shown)),
        Section(
            key="duplicates",
            title="Duplicates",
            blocks=_or_none(_duplicates(anatomy, shown), shown),
        ),
        Section(key="junk", title="Junk", blocks=_or_none(_junk(anatomy), shown)),
    ]
    return Document(
        title=name,
        subtitle=f"{image.platform}, {counted(len(image.layers), 'layer')}, "
        f"{bytes_text(image.size)} packed, {bytes_text(anatomy.image_bytes)} unpacked",
        sections=tuple(sections),
    )


def _or_none(table: Table, shown: int | None) -> tuple[Table | Paragraph, ...]:
    return (table,) if table.rows or shown is None else (Paragraph(text="None."),)


def _figures(anatomy: Anatomy) -> Figures:
    rows: tuple[tuple[str, str, int | float, Unit, str], ...] = (
        ("packed", "Packed", anatomy.image.size, Unit.BYTES, "what a registry stores"),
        ("unpacked", "Unpacked", anatomy.image_bytes, Unit.BYTES, "all files of all layers"),
        ("live", "Live", anatomy.live_bytes, Unit.BYTES, "what a container sees"),
        ("dead", "Dead", anatomy.dead_bytes, Unit.BYTES, "pulled, and never seen"),
        ("duplicate", "Duplicate", anatomy.duplicate_bytes, Unit.BYTES, "live at another path too"),
        ("junk", "Junk", anatomy.junk_bytes, Unit.BYTES, "live, and mostly not needed"),
        ("efficiency", "Efficiency", anatomy.efficiency, Unit.RATE, "live, of unpacked"),
        ("tightness", "Tightness", anatomy.tightness, Unit.RATE, "live, once and no junk"),
    )
    items = (Figure(key=k, label=label, value=v, unit=u, note=n) for k, label, v, u, n in rows)
    return Figures(key="figures", title="Figures", items=tuple(items))


def _layers(anatomy: Anatomy, reuse: Reuse | None, shown: int | None) -> Table:
    """List the layers; their digests are for programs, lines are long enough without."""
    rows: list[tuple[Cell, ...]] = []
    for layer in layer_rows(anatomy):
        is_held = ("yes" if layer.number - 1 in reuse.layers else "",) if reuse else ()
        row = (
            layer.number, *is_held, layer.packed, layer.unpacked, layer.live, layer.dead,
            layer.files, layer.made_by, layer.holds, *((layer.digest,) if shown is None else ()),
        )  # fmt: skip
        rows.append(row)
    return Table(
        key="table",
        title="Layers, from the bottom up",
        columns=(
            Column(key="number", title="#", unit=Unit.COUNT),
            *([Column(key="held", title="in the other")] if reuse else []),
            Column(key="packed", title="packed", unit=Unit.BYTES),
            Column(key="unpacked", title="unpacked", unit=Unit.BYTES),
            Column(key="live", title="live", unit=Unit.BYTES),
            Column(key="dead", title="dead", unit=Unit.BYTES),
            Column(key="files", title="files", unit=Unit.COUNT),
            Column(key="made_by", title="made by", unit=Unit.CODE),
            Column(key="holds", title="holds"),
            *([Column(key="digest", title="digest", unit=Unit.CODE)] if shown is None else []),
        ),
        rows=tuple(rows),
    )


def _note(anatomy: Anatomy) -> Paragraph:
    base = anatomy.base
    return Paragraph(text=f"Of the base: {counted(base.count, 'layer')} ({base.evidence}).")


def _reuse_section(previous: str, reuse: Reuse) -> Section:
    figures = Figures(
        key="figures",
        title="Reuse",
        items=(
            Figure(
                key="reuse", label="Reuse, by bytes", value=reuse.rate, unit=Unit.RATE,
                note=f"{len(reuse.layers)} layers are in {previous}",
            ),
            Figure(
                key="pull", label="To pull", value=reuse.pulled, unit=Unit.BYTES,
                note="by a node that has the other image",
            ),
            Figure(
                key="base", label="Shared base", value=reuse.base_held, unit=Unit.BYTES,
                note="the part of the reuse that any image on this base has",
            ),
        ),
    )  # fmt: skip
    return Section(key="reuse", title=f"Against {previous}", blocks=(figures,))


def _dead(anatomy: Anatomy, shown: int | None) -> tuple[Table | Paragraph, ...]:
    if shown is not None and not anatomy.dead:
        return (Paragraph(text="None: no layer hides what another brings."),)
    groups: dict[tuple[int, int, str], list[Dead]] = defaultdict(list)
    for dead in anatomy.dead:
        groups[dead.writer + 1, dead.killer + 1, dead.how].append(dead)
    sums = sorted(
        ((sum(d.size for d in found), key, found) for key, found in groups.items()),
        key=lambda row: (-row[0], row[1]),
    )
    where = (
        Column(key="writer", title="in layer", unit=Unit.COUNT),
        Column(key="killer", title="hidden by", unit=Unit.COUNT),
        Column(key="how", title="how"),
    )
    largest = sorted(anatomy.dead, key=lambda dead: (-dead.size, dead.path))[:shown]
    return (
        Table(
            key="by_layer",
            title="Which layer wrote them, and which one hid them",
            columns=(_BYTES, *where, Column(key="files", title="files", unit=Unit.COUNT)),
            rows=tuple((size, *key, len(found)) for size, key, found in sums),
            note="repeated: the same bytes again, as chmod and chown write them",
        ),
        Table(
            key="files",
            title="The largest",
            columns=(_BYTES, *where, _PATH),
            rows=tuple((d.size, d.writer + 1, d.killer + 1, d.how, f"/{d.path}") for d in largest),
        ),
    )


def _duplicates(anatomy: Anatomy, shown: int | None) -> Table:
    groups: dict[str, list[Part]] = defaultdict(list)
    for part in anatomy.parts:
        if part.copy_of:
            groups[part.copy_of].append(part)
    rows = sorted(
        (
            (sum(part.size for part in found), len(found), f"/{first}", f"/{found[0].path}")
            for first, found in groups.items()
        ),
        key=lambda row: (-row[0], row[2]),
    )
    return Table(
        key="table",
        title="Files that are there already",
        columns=(
            _BYTES,
            Column(key="copies", title="copies", unit=Unit.COUNT),
            _PATH,
            Column(key="copy", title="also at", unit=Unit.CODE),
        ),
        rows=tuple(rows[:shown]),
    )


def _junk(anatomy: Anatomy) -> Table:
    sizes = _sums((part.junk, part.size) for part in anatomy.parts if part.junk)
    counts = _sums((part.junk, 1) for part in anatomy.parts if part.junk)
    known = sorted(
        (junk for junk in CLASSES if junk.name in sizes), key=lambda junk: -sizes[junk.name]
    )
    return Table(
        key="table",
        title="Files that an image mostly works without",
        columns=(
            Column(key="class", title="class"),
            _BYTES,
            Column(key="files", title="files", unit=Unit.COUNT),
            Column(key="remedy", title="made without it by"),
            Column(key="risk", title="risk"),
        ),
        rows=tuple(
            (junk.name, sizes[junk.name], counts[junk.name], junk.remedy, junk.risk)
            for junk in known
        ),
    )


def _sums(rows: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    found: dict[Key, int] = defaultdict(int)
    for key, size in rows:
        found[key] += size
    return found
