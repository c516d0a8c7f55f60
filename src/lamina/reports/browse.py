"""What a browser of an image lists: every file of every layer, narrowed by words as they come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lamina.anatomy.anatomy import Anatomy, Part
from lamina.anatomy.stack import Dead
from lamina.reports.figures import plain
from lamina.reports.layer_rows import LayerRow, layer_rows


class Mark(StrEnum):
    """What of a file is wasted; one that is junk and a duplicate is called junk."""

    NONE = ""
    DEAD = "dead"
    DUPLICATE = "duplicate"
    JUNK = "junk"


class Order(StrEnum):
    """How files are sorted: the largest first, or by path."""

    SIZE = "size"
    PATH = "path"


WASTE: Final = frozenset({Mark.DEAD, Mark.DUPLICATE, Mark.JUNK})
ALL: Final = -1
"""The number of the row that stands for all layers together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """A file, link or device in the layer that wrote it; ``size`` adds up as an anatomy's does.

    Layers count from 1 at the bottom, as everywhere that people see their numbers.
    ``why`` says what the mark means for this file.
    """

    path: str
    size: int
    layer: int
    mark: Mark = Mark.NONE
    why: str = ""
    owner: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which files are asked for: of one layer or all, with a mark, with all of the words."""

    layer: int = ALL
    marks: frozenset[Mark] = frozenset()
    words: str = ""
    order: Order = Order.SIZE


class Contents:
    """An image's layers, all of them together first, and its files in both orders."""

    def __init__(self, layers: Sequence[LayerRow], files: Iterable[FileRow]) -> None:
        self.layers = (_together(layers), *layers)
        by_path = sorted(((row, _sought(row)) for row in files), key=_place)
        by_size = sorted(by_path, key=lambda pair: -pair[0].size)
        self._files = {Order.PATH: by_path, Order.SIZE: by_size}

    def ask(self, question: Question) -> tuple[FileRow, ...]:
        """Return the files that are asked for, in order."""
        words = question.words.lower().split()
        return tuple(
            row
            for row, sought in self._files[question.order]
            if question.layer in {ALL, row.layer}
            and (not question.marks or row.mark in question.marks)
            and all(word in sought for word in words)
        )


def contents_of(anatomy: Anatomy) -> Contents:
    """List what an image holds, directories left out."""
    live = (_live(part) for part in anatomy.parts if part.node.kind != "directory")
    return Contents(layer_rows(anatomy), (*live, *map(_dead, anatomy.dead)))


def _together(layers: Sequence[LayerRow]) -> LayerRow:
    return LayerRow(
        number=ALL,
        packed=sum(row.packed for row in layers),
        unpacked=sum(row.unpacked for row in layers),
        live=sum(row.live for row in layers),
        dead=sum(row.dead for row in layers),
        duplicate=sum(row.duplicate for row in layers),
        junk=sum(row.junk for row in layers),
        files=sum(row.files for row in layers),
        made_by="all layers",
        holds="",
        digest="",
    )


def _sought(row: FileRow) -> str:
    """Write down what words are looked for in, once: people type faster than this is made."""
    return f"{row.path} {row.mark} {row.why} {row.owner} {row.kind}".lower()


def _place(pair: tuple[FileRow, str]) -> tuple[str, int]:
    return pair[0].path, pair[0].layer


def _live(part: Part) -> FileRow:
    mark, why = Mark.NONE, ""
    if part.junk:
        mark, why = Mark.JUNK, part.junk
    elif part.copy_of:
        mark, why = Mark.DUPLICATE, f"the same bytes as /{part.copy_of}"
    return FileRow(
        path=_shown(f"/{part.path}"),
        size=part.size,
        layer=part.layer + 1,
        mark=mark,
        why=_shown(why),
        owner=_shown(str(part.owner or "")),
        kind=str(part.kind) if part.node.kind == "file" else part.node.kind,
    )


def _dead(dead: Dead) -> FileRow:
    return FileRow(
        path=_shown(f"/{dead.path}"),
        size=dead.size,
        layer=dead.writer + 1,
        mark=Mark.DEAD,
        why=f"{dead.how} by layer {dead.killer + 1}",
    )


def _shown(text: str) -> str:
    """Names come from whoever made the image; none of them may steer a terminal."""
    return text if text.isprintable() else plain(text)
