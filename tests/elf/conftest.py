"""Small ELF objects made on the spot."""

import struct
from collections.abc import Callable, Mapping, Sequence

import pytest

MakeElf = Callable[..., bytes]


class _Strings:
    def __init__(self) -> None:
        self.data = b"\0"

    def add(self, text: str) -> int:
        self.data += text.encode() + b"\0"
        return len(self.data) - len(text) - 1


def _verneed(strings: _Strings, requires: Mapping[str, Sequence[str]]) -> bytes:
    out = b""
    for number, (library, versions) in enumerate(requires.items(), 1):
        size = 16 * (1 + len(versions))
        link = size if number < len(requires) else 0
        out += struct.pack("<HHIII", 1, len(versions), strings.add(library), 16, link)
        for index, version in enumerate(versions, 1):
            weak = 2 if version.startswith("weak:") else 0
            name = strings.add(version.removeprefix("weak:"))
            out += struct.pack("<IHHII", 0, weak, index, name, 16 if index < len(versions) else 0)
    return out


def _verdef(strings: _Strings, provides: Sequence[str]) -> bytes:
    out = b""
    for index, version in enumerate(provides, 1):
        link = 28 if index < len(provides) else 0
        out += struct.pack("<HHHHIII", 1, 0, index, 1, 0, 20, link)
        out += struct.pack("<II", strings.add(version), 0)
    return out


def elf(
    *,
    needed: Sequence[str] = (),
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
    interpreter: str = "",
    requires: Mapping[str, Sequence[str]] | None = None,
    provides: Sequence[str] = (),
    machine: int = 62,
    kind: int = 3,
    gap: int = 0,
    spread: int = 0,
    symbols: int = 0,
) -> bytes:
    """Make an ELF64 object; its tables come after ``gap`` zeros, as patchelf would leave them.

    The dynamic section comes ``spread`` zeros after its tables.  ``symbols`` bytes of the string
    table come before the other names, and as many after them.
    """
    strings = _Strings()
    strings.data += b"a_symbol".ljust(symbols, b"_")[:symbols]
    tags = [(1, strings.add(name)) for name in needed]
    named = ((14, soname), (15, rpath), (29, runpath))
    tags += [(tag, strings.add(text)) for tag, text in named if text]
    verneed, verdef = _verneed(strings, requires or {}), _verdef(strings, provides)
    strings.data += bytes(symbols)
    start = 64 + 56 * 3 + gap
    loader = interpreter.encode() + b"\0" if interpreter else b""
    parts = [loader, strings.data, verneed, verdef + bytes(spread)]
    offsets = [start + sum(map(len, parts[:n])) for n in range(5)]
    base = 0x10000  # addresses differ from offsets, as in real objects
    tags += [(5, base + offsets[1]), (10, len(strings.data))]
    tags += [(0x6FFFFFFE, base + offsets[2])] if verneed else []
    tags += [(0x6FFFFFFC, base + offsets[3])] if verdef else []
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in [*tags, (0, 0)])
    end = offsets[4] + len(dynamic)
    rows = [(1, 0, end), (2, offsets[4], len(dynamic)), (3, offsets[0], len(loader))]
    table = b"".join(
        struct.pack("<IIQQQQQQ", k, 4, offset, base + offset, 0, size, size, 8)
        for k, offset, size in rows
    )
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, kind, machine, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0
    )
    return header + table + bytes(gap) + b"".join(parts) + dynamic


@pytest.fixture
def make_elf() -> MakeElf:
    return elf
