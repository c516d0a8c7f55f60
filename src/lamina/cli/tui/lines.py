"""Lines of the browser: rows as texts, each part with the name of its style."""

from typing import Final

from rich.cells import cell_len, set_cell_size

from lamina.reports.browse import ALL, FileRow, Mark
from lamina.reports.figures import counted, plain
from lamina.reports.layer_rows import LayerRow
from lamina.sizes import bytes_text

Line = tuple[tuple[str, str], ...]
"""Texts with the names of their styles; the empty name is that of the list."""

_SIZE: Final = 9
_MARK: Final = 9
_NUMBER: Final = 3
_OURS: Final = "lamina: "
"""What the history says first of each of our layers, which leaves no place for the rest."""

LAYER_HEADING: Final = (
    f"{'#':>{_NUMBER}}{'packed':>{_SIZE}}{'unpacked':>{_SIZE}}{'dead':>{_SIZE}}  made by"
)
FILE_HEADING: Final = f"{'size':>{_SIZE}}  {'waste':<{_MARK}}  path"


def layer_line(row: LayerRow, width: int) -> Line:
    """Write a layer into ``width`` cells; the end of what made it gives way."""
    number = "all" if row.number == ALL else str(row.number)
    start = f"{number:>{_NUMBER}}{_size(row.packed)}{_size(row.unpacked)}"
    dead = _size(row.dead) if row.dead else " " * _SIZE
    left = width - len(start) - len(dead) - 2
    made_by = plain(row.made_by).removeprefix(_OURS)
    return (start, ""), (dead, Mark.DEAD), (f"  {head(made_by, left)}", "")


def file_line(row: FileRow, width: int) -> Line:
    """Write a file into ``width`` cells; the beginning of its path gives way."""
    mark = f"{row.mark:<{_MARK}}"
    left = width - _SIZE - _MARK - 4
    return (f"{_size(row.size)}  ", ""), (mark, row.mark), (f"  {tail(row.path, left)}", "")


def layer_details(row: LayerRow) -> tuple[str, str, str]:
    """Say all of a layer that its line has no place for."""
    waste = ((Mark.DEAD, row.dead), (Mark.DUPLICATE, row.duplicate), (Mark.JUNK, row.junk))
    figures = [counted(row.files, "file"), f"{bytes_text(row.live)} live"]
    figures += [f"{bytes_text(size)} {mark}" for mark, size in waste if size]
    name = "all layers" if row.number == ALL else f"layer {row.number}: {plain(row.made_by)}"
    return name, ", ".join(figures), f"holds {plain(row.holds)}" if row.holds else ""


def file_details(row: FileRow) -> tuple[str, str, str]:
    """Say all of a file that its line has no place for."""
    known = (f"{row.size:,} bytes", row.kind, f"of {row.owner}" if row.owner else "")
    where = f"in layer {row.layer}"
    mark = f"{row.mark}: {row.why}" if row.mark else ""
    return row.path, ", ".join(text for text in (*known, where) if text), mark


def head(text: str, width: int) -> str:
    """Keep the beginning of what is wider than ``width`` cells."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, width - 1)}…" if width > 0 else ""


def tail(text: str, width: int) -> str:
    """Keep the end of what is wider than ``width`` cells, where a path has its name."""
    if cell_len(text) <= width:
        return text
    kept = text[-max(width - 1, 0) :] if width > 1 else ""
    while cell_len(kept) > width - 1 > 0:
        kept = kept[1:]
    return f"…{kept}" if width > 0 else ""


def _size(size: int) -> str:
    return f"{bytes_text(size):>{_SIZE}}"
