"""Strip a shared object: leave out what no program loads, and move nothing in memory; pure.

What is loaded is what segments cover (gABI, chapter 5).  Symbols for linkers and debuggers are
sections that no segment covers (chapter 4, without SHF_ALLOC), and their headers become inactive
ones (SHT_NULL), so that no index of a section changes.  After patchelf some segments lie behind the
symbols: these come forward by whole pages, which the program does not notice, because a segment's
offset and address stay equal modulo its alignment.  binutils' strip breaks some of these, and its
bytes differ from version to version.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

_MAGIC: Final = b"\x7fELF"
_EXECUTABLE_OR_SHARED: Final = (2, 3)
_NULL, _SYMTAB, _STRTAB, _RELA, _NOBITS, _REL, _SYMTAB_SHNDX = 0, 2, 3, 4, 8, 9, 18
_ALLOC: Final = 2
_LOAD: Final = 1
_PAGE: Final = 4096
_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT: Final = struct.Struct("<IIQQQQQQ")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_LEAST: Final = 4096
_MOST_SEGMENTS: Final = 256
"""Each section is looked for in each segment; what linkers make has about a dozen."""
_DEBUG: Final = (b".debug_", b".zdebug_", b".gdb_index", b".stab", b".line")
_64_BIT_LITTLE_ENDIAN: Final = b"\x02\x01"


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    size: int
    memory: int
    align: int


@dataclass(frozen=True, slots=True)
class _Section:
    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    row: int

    @property
    def is_loaded(self) -> bool:
        return bool(self.flags & _ALLOC)

    @property
    def end(self) -> int:
        """Where its bytes in the file end."""
        return self.offset + (self.size if self.kind not in (_NULL, _NOBITS) else 0)


@dataclass(frozen=True, slots=True)
class _Object:
    """What the headers say; ``names`` is the number of the section that holds names."""

    head: tuple[int, ...]
    segments: tuple[_Segment, ...]
    sections: tuple[_Section, ...]
    names: int
    segments_at: int
    sections_at: int


@dataclass(frozen=True, slots=True)
class _Run:
    """Bytes that belong together, from ``start`` to ``end``, and where they will be."""

    start: int
    end: int
    place: int


def strip(data: bytes | bytearray) -> tuple[bytes | memoryview, ...] | None:
    """Return the object without its symbols, in pieces; None where there is nothing to gain.

    None is also the answer for what is no 64-bit little-endian shared object or program, and for
    one that is malformed or unusual: it is better left alone.
    """
    try:
        found = _read(data)
    except (struct.error, OverflowError):  # tables outside of the file
        return None
    if found is None:
        return None
    dropped = _dropped(found, data)
    if not dropped or _has_more(found, data):
        return None
    pieces = tuple(_written(found, dropped, memoryview(data)))
    return pieces if sum(map(len, pieces)) + _LEAST <= len(data) else None


def _read(data: bytes | bytearray) -> _Object | None:
    if data[:4] != _MAGIC or data[4:6] != _64_BIT_LITTLE_ENDIAN:
        return None
    head = _HEADER.unpack_from(data)
    kind, segments_at, sections_at = head[1], head[5], head[6]
    sizes, counts, names = (head[9], head[11]), (head[10], head[12]), head[13]
    is_known = kind in _EXECUTABLE_OR_SHARED and sizes == (_SEGMENT.size, _SECTION.size)
    if not is_known or counts[0] > _MOST_SEGMENTS:
        return None
    segments = tuple(
        _Segment(*_SEGMENT.unpack_from(data, segments_at + n * _SEGMENT.size))
        for n in range(counts[0])
    )
    sections = tuple(
        _Section(*_SECTION.unpack_from(data, sections_at + n * _SECTION.size))
        for n in range(counts[1])
    )
    is_sane = sections and segments and 0 < names < len(sections)
    found = _Object(head, segments, sections, names, segments_at, sections_at)
    return found if is_sane and _is_usual(found, len(data)) else None


def _is_usual(found: _Object, size: int) -> bool:
    """Check that all is inside the file, and that what is loaded lies in segments."""
    loads = [segment for segment in found.segments if segment.kind == _LOAD]
    return (
        all(s.offset + s.size <= size for s in found.segments)
        and all(s.end <= size for s in found.sections)
        and all(s.align == 0 or s.align & (s.align - 1) == 0 for s in found.segments)
        and any(s.offset == 0 for s in loads)
        and all(
            any(x.offset <= s.offset and s.end <= x.offset + x.size for x in loads)
            for s in found.sections
            if s.is_loaded and s.end > s.offset
        )
    )


def _dropped(found: _Object, data: bytes | bytearray) -> frozenset[int]:
    """Name the sections that go: symbols, their names and relocations, debug information."""
    names = found.sections[found.names]
    texts = bytes(data[names.offset : names.end])
    idle = [n for n, s in enumerate(found.sections) if not s.is_loaded and n != found.names]
    symbols = {n for n in idle if found.sections[n].kind in (_SYMTAB, _SYMTAB_SHNDX)}
    strings = {found.sections[n].link for n in symbols if found.sections[n].kind == _SYMTAB}
    gone = symbols | {n for n in idle if n in strings and found.sections[n].kind == _STRTAB}
    for n in idle:
        section = found.sections[n]
        is_relocation = section.kind in (_REL, _RELA) and section.link in symbols
        if is_relocation or texts[section.name :].startswith(_DEBUG):
            gone.add(n)
    return frozenset(gone)


def _has_more(found: _Object, data: bytes | bytearray) -> bool:
    """Say whether something follows that no header knows, such as an archive behind a program."""
    table = found.sections_at + len(found.sections) * _SECTION.size
    ends = [s.offset + s.size for s in found.segments] + [s.end for s in found.sections]
    return any(data[max(table, *ends) :])  # patchelf leaves a zero


def _written(
    found: _Object, dropped: frozenset[int], data: memoryview
) -> Iterator[bytes | memoryview]:
    runs = _runs(found)
    segments = tuple(replace(s, offset=_moved(s.offset, runs)) for s in found.segments)
    position = runs[-1].place + runs[-1].end - runs[-1].start
    tail, sections = _tail(found, dropped, data, runs, position)
    table_at = position + len(tail)
    head = list(found.head)
    head[5], head[6] = _moved(found.segments_at, runs), table_at
    patches = {0: _HEADER.pack(*head)}
    patches[head[5]] = b"".join(_pack(_SEGMENT, segment) for segment in segments)
    at = 0
    for run in runs:
        yield bytes(run.place - at)
        yield from _patched(run, patches, data)
        at = run.place + run.end - run.start
    yield tail + b"".join(_pack(_SECTION, section) for section in sections)


def _runs(found: _Object) -> list[_Run]:
    """Join what overlaps, and bring what lies behind a gap forward by whole alignments."""
    step = max(_PAGE, *(s.align for s in found.segments if s.kind == _LOAD))
    table = len(found.segments) * _SEGMENT.size
    parts = sorted(
        {
            (0, _HEADER.size),
            (found.segments_at, found.segments_at + table),
            *((s.offset, s.offset + s.size) for s in found.segments if s.size),
        }
    )
    joined: list[list[int]] = []
    for start, end in parts:
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    runs: list[_Run] = []
    for start, end in joined:
        free = runs[-1].place + runs[-1].end - runs[-1].start if runs else 0
        runs.append(_Run(start, end, start - (start - free) // step * step))
    return runs


def _moved(offset: int, runs: Sequence[_Run]) -> int:
    """Say where the byte at ``offset`` will be; what lies in no run holds nothing."""
    for run in runs:
        if run.start <= offset <= run.end:
            return offset - run.start + run.place
    return 0


def _tail(
    found: _Object, dropped: frozenset[int], data: memoryview, runs: Sequence[_Run], position: int
) -> tuple[bytes, list[_Section]]:
    """Collect the sections that stay and that no segment covers, and all section headers."""
    tail = bytearray()
    sections: list[_Section] = []
    for number, section in enumerate(found.sections):
        if number in dropped:
            sections.append(_Section(0, _NULL, 0, 0, 0, 0, 0, 0, 0, 0))
        elif section.end == section.offset or _is_inside(section, runs):
            sections.append(replace(section, offset=_moved(section.offset, runs)))
        else:
            tail += bytes(-(position + len(tail)) % max(1, min(section.align, _PAGE)))
            sections.append(replace(section, offset=position + len(tail)))
            tail += data[section.offset : section.end]
    tail += bytes(-(position + len(tail)) % 8)
    return bytes(tail), sections


def _is_inside(section: _Section, runs: Sequence[_Run]) -> bool:
    return any(run.start <= section.offset and section.end <= run.end for run in runs)


def _patched(
    run: _Run, patches: dict[int, bytes], data: memoryview
) -> Iterator[bytes | memoryview]:
    """Yield a run's bytes, with those at new places replaced."""
    at = run.start
    for place in sorted(patches):
        start = place - run.place + run.start
        if run.start <= start < run.end:
            yield data[at:start]
            yield patches[place]
            at = start + len(patches[place])
    yield data[at : run.end]


def _pack(layout: struct.Struct, row: _Segment | _Section) -> bytes:
    return layout.pack(*(getattr(row, name) for name in row.__slots__))
