"""Stripping changes nothing of what a program loads, and leaves alone what is unusual."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lamina.elf.strip import _read, strip

_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_LOAD = 1
_ALLOC = 2
_SITE = Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"


def table(data: bytes, at: int, count_at: int, row: struct.Struct) -> list[tuple[int, ...]]:
    (start,) = struct.unpack_from("<Q", data, at)
    (count,) = struct.unpack_from("<H", data, count_at)
    return [row.unpack_from(data, start + n * row.size) for n in range(count)]


def segments(data: bytes) -> list[tuple[int, ...]]:
    return table(data, 32, 56, _SEGMENT)


def sections(data: bytes) -> list[tuple[int, ...]]:
    return table(data, 40, 60, _SECTION)


def memory(data: bytes) -> list[tuple[object, ...]]:
    """Return what each segment is in memory, but for the program header table inside it."""
    (start,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    plain = bytearray(data)
    plain[:64] = bytes(64)
    plain[start : start + count * _SEGMENT.size] = bytes(count * _SEGMENT.size)
    return [
        (kind, flags, address, size, align, bytes(plain[offset : offset + size]))
        for kind, flags, offset, address, _, size, _, align in segments(data)
    ]


def stripped(data: bytes) -> bytes | None:
    pieces = strip(data)
    return None if pieces is None else b"".join(pieces)


def make(align: int = 0x1000, *, hole: int = 0x3000, tail: bytes = b"") -> bytes:
    """Make an object whose second segment lies behind its symbols, as patchelf leaves it.

    The sections: none, .text in the first segment, .symtab, .strtab, .debug_info, .dynamic in the
    second segment, .comment, .shstrtab.
    """
    names = b"\0.text\0.symtab\0.strtab\0.debug_info\0.data\0.comment\0.shstrtab\0"
    second = 0x1000 + hole
    first = bytes(range(256)) * 16
    last = b"second segment!!" * 16
    at = second + len(last)
    rows = [
        (0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (1, 1, _ALLOC, 0x200, 0x200, 0x100, 0, 0, 16, 0),
        (7, 2, 0, 0, 0x1000, 24 * 64, 3, 1, 8, 24),
        (15, 3, 0, 0, 0x1800, 100, 0, 0, 1, 0),
        (23, 1, 0, 0, 0x1900, 300, 0, 0, 1, 0),
        (35, 1, _ALLOC, second + 2 * align, second, len(last), 0, 0, 8, 0),
        (41, 1, 0, 0, 0x1B00, 20, 0, 0, 1, 0),
        (50, 3, 0, 0, at, len(names), 0, 0, 1, 0),
    ]
    loads = [
        (_LOAD, 5, 0, 0, 0, 0x1000, 0x1000, align),
        (_LOAD, 6, second, second + 2 * align, 0, len(last), len(last) + 64, align),
    ]
    table_at = at + len(names)
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, 62, 1, 0, 64, table_at, 0,
                       64, 56, len(loads), 64, len(rows), len(rows) - 1)  # fmt: skip
    body = bytearray(first[:0x1000].ljust(second, b"s")) + last + names
    start = head + b"".join(_SEGMENT.pack(*row) for row in loads)
    body[: len(start)] = start
    return bytes(body) + b"".join(_SECTION.pack(*row) for row in rows) + tail


def test_what_is_loaded_stays_where_it_is_in_memory() -> None:
    data = make()

    found = stripped(data)

    assert found is not None
    assert len(found) == len(data) - 0x3000 + 20  # the comment is kept
    assert memory(found) == memory(data)
    assert all(row[2] % row[7] == row[3] % row[7] for row in segments(found))


def test_symbols_and_debug_information_go_and_no_section_changes_its_number() -> None:
    data = make()

    found = stripped(data)

    assert found is not None
    kinds = [row[1] for row in sections(found)]
    assert kinds == [0, 1, 0, 0, 0, 1, 1, 3]
    text, comment, names = sections(found)[1], sections(found)[6], sections(found)[7]
    assert text == sections(data)[1]
    assert found[comment[4] :][: comment[5]] == b"s" * 20
    assert b".comment\0" in found[names[4] :][: names[5]]


def test_a_segment_moves_by_whole_alignments_or_not_at_all() -> None:
    large = make(0x10000)

    assert stripped(large) is None  # a hole of 12 KiB is no room for 64 KiB
    found = stripped(make(0x10000, hole=0x34000))
    assert found is not None
    assert segments(found)[1][2] == 0x35000 - 0x30000


def test_what_is_stripped_cannot_be_stripped_again() -> None:
    found = stripped(make())

    assert found is not None
    assert strip(found) is None


def test_an_archive_behind_an_object_is_left_alone() -> None:
    assert strip(make(tail=b"PK\x05\x06")) is None
    assert strip(make(tail=bytes(3))) is not None


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"#!/bin/sh\n", b"\x7fELF\x01\x01" + bytes(99)])
def test_what_is_no_64_bit_object_is_left_alone(data: bytes) -> None:
    assert strip(data) is None


@settings(max_examples=300)
@given(st.integers(0, 64 + 112 - 1), st.integers(0, 255))
@example(39, 0x80)  # the segments' table from 2**63 on
@example(47, 0x80)  # the sections'
def test_whatever_a_header_says_nothing_is_raised(place: int, value: int) -> None:
    data = bytearray(make())
    data[place] = value

    found = strip(data)

    assert found is None or sum(map(len, found)) <= len(data)


@settings(max_examples=300)
@given(st.integers(1, 64 * 8), st.integers(0, 255))
def test_whatever_a_section_says_nothing_is_raised(place: int, value: int) -> None:
    data = bytearray(make())
    data[-place] = value

    found = strip(data)

    assert found is None or sum(map(len, found)) <= len(data)


def objects() -> list[Path]:
    """Find real shared objects that have symbols, after patchelf and without it."""
    found = sorted((_SITE / "site-packages").rglob("*.so*"))
    return [path for path in found if path.is_file() and strip(path.read_bytes())][:12]


@pytest.mark.slow
@pytest.mark.skipif(not objects(), reason="no distribution here has an object with symbols")
def test_real_objects_load_as_before(tmp_path: Path) -> None:
    for number, path in enumerate(objects()):
        data = path.read_bytes()
        found = stripped(data)
        assert found is not None
        assert memory(found) == memory(data)
        (tmp_path / f"{number}").mkdir()
        copy = tmp_path / f"{number}" / path.name
        copy.write_bytes(found)
        _dlopen(copy, before=path)


def _dlopen(path: Path, *, before: Path) -> None:
    """Load both with nothing bound early: what one of them can do, the other can."""
    code = (
        "import ctypes, os, sys\n"
        "try: ctypes.CDLL(sys.argv[1], mode=os.RTLD_LAZY); print('loaded')\n"
        "except OSError as error: print(str(error).partition(': ')[2])\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code, str(one)],
            check=True, capture_output=True, text=True,
            env={"LD_LIBRARY_PATH": f"{before.parent}:{before.parent.parent}"},
        ).stdout
        for one in (before, path)
    ]  # fmt: skip
    assert said[0] == said[1]


def test_an_object_of_a_thousand_segments_is_left_alone() -> None:
    """Each section would be looked for in each segment, which takes hours for 65,535 of both."""
    data = bytearray(make(hole=0x8000))
    row = sections(bytes(data))[1]
    count = 8_000
    many = [(_LOAD, 4, 0x1000 + n, n, n, 1, 1, 1) for n in range(count - 1)]
    last = (row[0], row[1], row[2], row[3], 0x1000 + count - 2, 1, *row[6:])
    struct.pack_into("<Q", data, 32, len(data))
    struct.pack_into("<H", data, 56, count)
    data += b"".join(_SEGMENT.pack(*segment) for segment in ((_LOAD, 4, *[0] * 3, 1, 1, 1), *many))
    struct.pack_into("<Q", data, 40, len(data))
    struct.pack_into("<H", data, 60, count)
    data += _SECTION.pack(*last) * count

    assert _read(data) is None  # before anything is compared
    assert strip(data) is None
