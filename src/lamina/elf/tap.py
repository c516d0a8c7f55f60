"""Watch an object pass by and learn what it needs, without holding it in memory.

While a wheel is spliced into a layer, its files pass once, in chunks.  The tables of an ELF object
lie at the start of its segments (and, after patchelf, at its end), so those are kept and the rest
is let go: a library of 400 MB costs a few dozen.  Names of a table of symbols that is larger than
that lie elsewhere, and are found when it passes by once more.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lamina.elf.needs import HEADER_SIZE, MAGIC, Needs, Segment, parse, read_header, read_segments
from lamina.errors import ArchiveError

_KEEP = 8 << 20
_KEEP_ALL = 64 << 20
_CLOSE = 1 << 20
_MOST_PASSES = 6
"""Segments, dynamic section, tables, names: each says where the next one is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A part of a file: ``size`` bytes from ``offset`` on."""

    offset: int
    size: int

    @property
    def end(self) -> int:
        """The offset after the last byte."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """The tables lay where nothing was kept; feed the object again to ``Tap(keep=ranges)``."""

    ranges: tuple[Range, ...]


def needs_of(
    found: Needs | Incomplete | None, again: Callable[[], Iterable[bytes]], *, where: str
) -> Needs | None:
    """Complete what a :class:`Tap` found, going through the object ``again`` where it must.

    Raises ``ArchiveError``, naming ``where``, if what an object needs lies all over it.
    """
    kept: tuple[Range, ...] = ()
    for _ in range(_MOST_PASSES):
        if not isinstance(found, Incomplete):
            return found
        kept += found.ranges
        tap = Tap(keep=kept)
        for piece in again():
            tap.feed(piece)
        found = tap.result()
    raise ArchiveError("what a shared object needs lies all over it", where=where)


class Tap:
    """Take an object's chunks in order, then say what it needs.

    A file that is no ELF object costs one comparison.  Chunks are kept by reference, so hand in
    ``bytes`` that nobody changes.
    """

    def __init__(self, *, keep: tuple[Range, ...] = ()) -> None:
        self._keep = (Range(offset=0, size=_KEEP), *keep)
        self._kept = 0
        self._chunks: list[tuple[int, bytes]] = []
        self._tail: deque[tuple[int, bytes]] = deque()
        self._position = 0
        self._head = b""
        self._has_segments = False
        self._is_elf = True

    @property
    def is_curious(self) -> bool:
        """More chunks may matter: nothing was fed yet, or it began like an ELF object."""
        return self._is_elf

    @property
    def size(self) -> int:
        """Bytes fed so far."""
        return self._position

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk."""
        if not self._is_elf or not chunk:
            return
        start, self._position = self._position, self._position + len(chunk)
        if not self._has_segments:
            self._learn(chunk)
            if not self._is_elf:
                return
        is_wanted = any(r.offset < self._position and start < r.end for r in self._keep)
        if is_wanted and self._kept < 2 * _KEEP_ALL:
            self._kept += len(chunk)
            self._chunks.append((start, chunk))
            return
        self._tail.append((start, chunk))
        # All but the oldest chunk must already fill the window before the oldest can go.
        while self._position - self._tail[0][0] - len(self._tail[0][1]) >= _KEEP:
            self._tail.popleft()

    def result(self) -> Needs | Incomplete | None:
        """Say what the object needs, once it has been fed whole.

        None for everything that ld.so would not load: other formats, object files, and malformed
        objects (the test data of ELF tools is malformed on purpose).
        """
        if not self._is_elf or not self._head.startswith(MAGIC):
            return None
        missing: list[Range] = []
        try:
            needs = parse(lambda offset, size: self._read(offset, size, missing))
        except ArchiveError:
            needs = None
        return Incomplete(ranges=_merged(missing)) if missing else needs

    def _learn(self, chunk: bytes) -> None:
        """Look into the first bytes for the segments, and keep the start of each."""
        self._head += chunk[: _KEEP - len(self._head)]
        if not self._head.startswith(MAGIC[: len(self._head)]):
            self._is_elf = False
            return
        if len(self._head) < HEADER_SIZE:
            return
        try:
            header = read_header(self._head)
            if header is None:
                self._is_elf = False
            elif header.table_offset + header.table_size <= len(self._head):
                table = self._head[header.table_offset :][: header.table_size]
                self._plan(read_segments(header, table))
            elif header.table_offset >= _KEEP:
                self._keep += (Range(offset=header.table_offset, size=header.table_size),)
                self._has_segments = True  # too far to wait for
        except ArchiveError:
            self._is_elf = False

    def _plan(self, segments: tuple[Segment, ...]) -> None:
        self._has_segments = True
        total = 0
        for segment in segments:
            size = min(segment.size, _KEEP)
            if (segment.is_load or segment.is_dynamic) and total + size <= _KEEP_ALL:
                total += size
                self._keep += (Range(offset=segment.offset, size=size),)

    def _read(self, offset: int, size: int, missing: list[Range]) -> bytes:
        """Read from what was kept; zeros, and a note, where nothing was."""
        size = max(0, min(size, self._position - offset))
        parts: list[bytes] = []
        at, end = offset, offset + size
        for start, chunk in (*self._chunks, *self._tail):
            if start <= at < start + len(chunk):
                parts.append(chunk[at - start : end - start])
                at += len(parts[-1])
        if at < end:
            missing.append(Range(offset=offset, size=size))
            return bytes(size)
        return b"".join(parts)


def _merged(ranges: Sequence[Range]) -> tuple[Range, ...]:
    """Join ranges that lie close together: there may be one for each of many names."""
    found: list[Range] = []
    for one in sorted(ranges, key=lambda one: one.offset):
        if found and one.offset - found[-1].end <= _CLOSE:
            last = found.pop()
            end = max(last.end, one.end)
            found.append(Range(offset=last.offset, size=end - last.offset))
        else:
            found.append(one)
    return tuple(found)
