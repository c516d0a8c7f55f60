"""Symbols: how many bytes of an ELF object no program loads, learnt while it passes by.

What is not loaded are the tables of names for linkers and debuggers (gABI, chapter 4: sections
without SHF_ALLOC); ``strip`` removes them.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_MAGIC = b"\x7fELF"
_HEAD = 64
_WIDE, _NARROW = 2, 1
_ORDER = {1: "<", 2: ">"}
_EXECUTABLE_OR_SHARED = (2, 3)
_NULL, _NOTE, _NOBITS = 0, 7, 8
_ALLOC = 2


@dataclass(frozen=True, slots=True)
class _Table:
    """Where the section headers are, and how to read one: type, flags, offset and size."""

    start: int
    count: int
    names: int
    row: struct.Struct

    @property
    def end(self) -> int:
        return self.start + self.count * self.row.size


class SymbolTap:
    """Takes a file's chunks in order; the first has to hold the header, if it is long enough."""

    def __init__(self) -> None:
        self._position = 0
        self._table: _Table | None = None
        self._headers = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk."""
        start, self._position = self._position, self._position + len(chunk)
        if start == 0 and chunk.startswith(_MAGIC):
            self._table = _find_table(chunk[:_HEAD])
        table = self._table
        if table is not None and start < table.end and table.start < self._position:
            self._headers += chunk[max(0, table.start - start) : table.end - start]

    def result(self) -> int:
        """Count the bytes; 0 for what is no program or shared object, or malformed."""
        table = self._table
        if table is None or len(self._headers) != table.end - table.start:
            return 0
        return min(self._position, sum(_unloaded(table, self._headers, self._position)))


def _find_table(head: bytes) -> _Table | None:
    if len(head) < _HEAD or head[5] not in _ORDER:
        return None
    order = _ORDER[head[5]]
    (kind,) = struct.unpack_from(f"{order}H", head, 16)
    if head[4] == _WIDE:
        (start,), place, row = struct.unpack_from(f"{order}Q", head, 40), 58, "4xIQ8xQQ24x"
    elif head[4] == _NARROW:
        (start,), place, row = struct.unpack_from(f"{order}I", head, 32), 46, "4xII4xII16x"
    else:
        return None
    size, count, names = struct.unpack_from(f"{order}3H", head, place)
    layout = struct.Struct(order + row)
    if kind not in _EXECUTABLE_OR_SHARED or size != layout.size or not start:
        return None
    return _Table(start, count, names, layout)


def _unloaded(table: _Table, headers: bytes, size: int) -> Iterator[int]:
    for number, (kind, flags, start, length) in enumerate(table.row.iter_unpack(headers)):
        is_bytes = kind not in (_NULL, _NOTE, _NOBITS) and start + length <= size
        if is_bytes and not flags & _ALLOC and number != table.names:
            yield length
