"""Kinds and junk are told by names; symbols by the headers of ELF objects."""

import struct

import pytest

from lamina.anatomy.anatomy import take_apart
from lamina.anatomy.junk import junk_class
from lamina.anatomy.kinds import FileKind, kind_of
from lamina.anatomy.read import read_layer
from lamina.anatomy.symbols import SymbolTap
from tests.support.synthetic import file, image_of

SITE = "opt/venv/lib/python3.12/site-packages"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"{SITE}/numpy/core/_multiarray.cpython-312-x86_64-linux-gnu.so", "shared objects"),
        ("usr/lib/x86_64-linux-gnu/libz.so.1.2.13", "shared objects"),
        (f"{SITE}/numpy.libs/libopenblas64_p-r0-0cf96a72.3.23.dev.so", "shared objects"),
        ("usr/lib/debug/.build-id/ab/cd.debug", "debug symbols"),
        (f"{SITE}/pandas/tests/test_a.py", "tests"),
        (f"{SITE}/pandas/tests/__pycache__/test_a.cpython-312.pyc", "tests"),
        (f"{SITE}/foo/__pycache__/a.cpython-312.pyc", "bytecode"),
        (f"{SITE}/foo/a.py", "source"),
        (f"{SITE}/foo/a.pyx", "source"),
        ("usr/include/stdio.h", "headers"),
        (f"{SITE}/tensorflow/include/eigen/Core", "headers"),
        ("usr/lib/libz.a", "static libraries"),
        ("usr/share/doc/libz/copyright", "docs"),
        (f"{SITE}/foo/README.md", "docs"),
        (f"{SITE}/foo-1.dist-info/METADATA", "package metadata"),
        (f"{SITE}/pytz/zoneinfo/UTC", "data"),
        (f"{SITE}/contest/latest.npy", "data"),
        ("usr/bin/perl", "programs"),
    ],
)
def test_a_file_is_of_the_kind_that_its_name_says(path: str, kind: str) -> None:
    assert kind_of(path, mode=0o755) == kind


def test_what_nobody_can_start_is_no_program() -> None:
    assert kind_of("usr/bin/perl", mode=0o644) is FileKind.DATA


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("root/.cache/pip/http/a", "pip cache"),
        ("home/me/.cache/uv/wheels/a", "uv, poetry and conda caches"),
        ("opt/conda/pkgs/numpy.conda", "uv, poetry and conda caches"),
        ("var/lib/apt/lists/deb_Packages", "apt lists"),
        ("var/cache/apt/archives/curl.deb", "apt archives"),
        ("var/log/dpkg.log", "logs and leftovers"),
        ("var/lib/dpkg/status-old", "logs and leftovers"),
        ("tmp/x", "logs and leftovers"),
        ("app/.git/objects/ab", "tool caches"),
        (f"{SITE}/pandas/tests/test_a.py", "tests"),
        ("usr/lib/python3.11/test/test_os.py", "tests"),
        ("usr/include/stdio.h", "headers"),
        (f"{SITE}/numpy/core/libnpymath.a", "static libraries"),
        ("usr/share/doc/libz/copyright", "documentation"),
        ("usr/lib/debug/a", "debug symbols"),
        (f"{SITE}/foo/a.py", ""),
        ("app/tests/test_mine.py", ""),
        ("usr/lib/apt/methods/http", ""),
        ("home/me/.cache/huggingface/model.bin", ""),
    ],
)
def test_junk_is_known_by_its_place(path: str, name: str) -> None:
    assert junk_class(path, frozenset()) == name


def test_bytecode_is_junk_only_beside_its_source() -> None:
    compiled = f"{SITE}/foo/__pycache__/a.cpython-312.pyc"

    assert junk_class(compiled, {f"{SITE}/foo/a.py"}) == "bytecode"
    assert junk_class(compiled, set()) == ""


def elf(*sections: tuple[int, int, int], order: str = "<", is_wide: bool = True) -> bytes:
    """Write a shared object of these sections: type, flags and size; the last holds the names."""
    head = 64
    body = b"".join(b"s" * size for kind, _, size in sections if kind != 8)
    start = head + len(body)
    layout = struct.Struct(order + ("IIQQQQIIQQ" if is_wide else "10I"))
    ident = b"\x7fELF" + bytes([2 if is_wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    rest = struct.pack(
        order + ("HHIQQQIHHHHHH" if is_wide else "HHIIIIIHHHHHH"),
        3, 62, 1, 0, 0, start, 0, head, 0, 0, layout.size, len(sections), len(sections) - 1,
    )  # fmt: skip
    rows, at = b"", head
    for kind, flags, size in sections:
        rows += layout.pack(0, kind, flags, 0, at, size, 0, 0, 0, 0)
        at += 0 if kind == 8 else size
    return (ident + rest).ljust(head, b"\0") + body + rows


NULL, CODE, DEBUG = (0, 0, 0), (1, 6, 500), (1, 0, 3000)
TABLE, TEXTS, ZEROS, NAMES = (2, 0, 400), (3, 0, 70), (8, 0, 10**6), (3, 0, 30)
ALL = (NULL, CODE, DEBUG, TABLE, TEXTS, ZEROS, NAMES)


def symbols(data: bytes, piece: int = 1 << 18) -> int:
    tap = SymbolTap()
    for start in range(0, len(data), piece):
        tap.feed(data[start : start + piece])
    return tap.result()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("width", ["32 bits", "64 bits"])
def test_symbols_are_the_sections_that_are_not_loaded(order: str, width: str) -> None:
    data = elf(*ALL, order=order, is_wide=width == "64 bits")

    assert symbols(data) == 3000 + 400 + 70
    assert symbols(data, piece=100) == 3470
    assert symbols(elf(NULL, CODE, NAMES, order=order, is_wide=width == "64 bits")) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF",
        b"#!/bin/sh\n" * 100,
        elf(*ALL)[:-1],
        elf(*ALL)[:100],
        elf(*ALL).replace(b"\x7fELF\2", b"\x7fELF\7"),
    ],
)
def test_what_is_no_object_or_a_broken_one_has_no_symbols(data: bytes) -> None:
    assert symbols(data) == 0


def test_symbols_are_counted_apart_from_their_object() -> None:
    data = elf(*ALL)
    image, content = image_of([(file("usr/lib/a.so", data), file("usr/lib/b.py", b"x" * 50))])
    read = [read_layer(content.open(layer.descriptor), layer) for layer in image.layers]

    found = take_apart(image, read).sizes_by_kind()

    assert found == {
        FileKind.SYMBOLS: 3470,
        FileKind.SHARED_OBJECTS: len(data) - 3470,
        FileKind.SOURCE: 50,
    }
