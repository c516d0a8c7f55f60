"""An object's needs are read from its own tables, and a malformed one is refused."""

import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina.elf.needs import Needs, ReadAt, VersionNeed, parse
from lamina.errors import ArchiveError

REAL = [
    path.resolve()
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64")
    for path in Path(folder).glob("lib[cmz]*.so.*")
][:40]


def at(data: bytes) -> ReadAt:
    return lambda offset, size: data[offset : offset + size]


def test_all_that_an_object_says_is_read(make_elf: Callable[..., bytes]) -> None:
    data = make_elf(
        needed=["libgomp.so.1", "libc.so.6"],
        soname="lib_lightgbm.so",
        rpath="/opt/a:$ORIGIN",
        runpath="$ORIGIN/../lib",
        interpreter="/lib64/ld-linux-x86-64.so.2",
        requires={"libc.so.6": ["GLIBC_2.14", "weak:GLIBC_2.99"], "libgomp.so.1": ["GOMP_1.0"]},
        provides=["lib_lightgbm.so", "V1"],
    )

    assert parse(at(data)) == Needs(
        machine=62,
        needed=("libgomp.so.1", "libc.so.6"),
        soname="lib_lightgbm.so",
        rpath=("/opt/a", "$ORIGIN"),
        runpath=("$ORIGIN/../lib",),
        interpreter="/lib64/ld-linux-x86-64.so.2",
        requires=(
            VersionNeed(library="libc.so.6", versions=("GLIBC_2.14",)),
            VersionNeed(library="libgomp.so.1", versions=("GOMP_1.0",)),
        ),
        provides=("lib_lightgbm.so", "V1"),
    )


@pytest.mark.skipif(not shutil.which("readelf"), reason="readelf is not installed")
@pytest.mark.parametrize("path", [*REAL, Path(sys.executable).resolve()], ids=lambda p: p.name)
def test_real_objects_are_read_as_readelf_reads_them(path: Path) -> None:
    command = ["readelf", "-dVW", str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    defined = shown.partition(".gnu.version_d'")[2].partition("Version needs")[0]

    needs = parse(at(path.read_bytes()))

    assert needs is not None
    assert list(needs.needed) == re.findall(r"\(NEEDED\).*\[(.*)\]", shown)
    assert [needs.soname] == (re.findall(r"\(SONAME\).*\[(.*)\]", shown) or [None])
    assert [need.library for need in needs.requires] == re.findall(r"File: (\S+)", shown)
    assert list(needs.provides) == re.findall(r"Index: \d+ .*Name: (\S+)", defined)


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF" + bytes(10)])
def test_what_is_no_elf_object_needs_nothing(data: bytes) -> None:
    assert parse(at(data)) is None


def test_an_object_file_is_not_loaded_and_needs_nothing(make_elf: Callable[..., bytes]) -> None:
    assert parse(at(make_elf(kind=1))) is None


def test_a_static_program_needs_nothing() -> None:
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, 183) + bytes(44)

    assert parse(at(header)) == Needs(machine=183)


def test_32_bit_and_big_endian_objects_are_told_by_their_machine() -> None:
    small = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HH", 3, 3) + bytes(32)
    large = b"\x7fELF\x02\x02\x01" + bytes(9) + struct.pack(">HH", 3, 22) + bytes(44)

    assert [Needs(machine=3), Needs(machine=22)] == [parse(at(small)), parse(at(large))]


def test_a_table_outside_of_the_segments_is_refused(make_elf: Callable[..., bytes]) -> None:
    data = bytearray(make_elf(needed=["libc.so.6"]))
    struct.pack_into("<Q", data, 64 + 32, 8)  # the first segment is 8 bytes long

    with pytest.raises(ArchiveError, match="outside"):
        parse(at(bytes(data)))


def test_a_cut_object_is_refused(make_elf: Callable[..., bytes]) -> None:
    with pytest.raises(ArchiveError, match="ends inside"):
        parse(at(make_elf(needed=["libc.so.6"])[:100]))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=12))
def test_whatever_is_flipped_the_answer_is_needs_none_or_refusal(
    make_elf: Callable[..., bytes], flips: list[tuple[int, int]]
) -> None:
    data = bytearray(
        make_elf(needed=["a"], requires={"a": ["V1", "V2"]}, provides=["x", "y"], runpath="$ORIGIN")
    )
    for position, value in flips:
        data[position % len(data)] = value

    try:
        needs = parse(at(bytes(data)))
    except ArchiveError:
        return
    assert needs is None or isinstance(needs.machine, int)
