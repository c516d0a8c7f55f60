"""Kinds: what sort of file a path is, by its name and mode."""

import re
from enum import StrEnum
from typing import Final


class FileKind(StrEnum):
    """What the bytes of an image are.

    ``SYMBOLS`` are also the parts of shared objects and programs that no program loads.
    """

    SHARED_OBJECTS = "shared objects"
    PROGRAMS = "programs"
    SYMBOLS = "debug symbols"
    STATIC = "static libraries"
    HEADERS = "headers"
    TESTS = "tests"
    BYTECODE = "bytecode"
    SOURCE = "source"
    DOCS = "docs"
    METADATA = "package metadata"
    DATA = "data"


_RULES: Final = (
    (FileKind.SYMBOLS, re.compile(r"(?:usr/)?lib/debug/|.*\.(?:debug|dwo|dwp|pdb)$")),
    (FileKind.TESTS, re.compile(r"(?:.*/)?(?:tests?|testing/tests|idle_test)/")),
    (FileKind.BYTECODE, re.compile(r".*\.py[co]$")),
    (FileKind.SHARED_OBJECTS, re.compile(r".*\.so(?:\.[0-9.]+)?$|.*\.so\.[0-9][^/]*$|.*\.pyd$")),
    (FileKind.STATIC, re.compile(r".*\.(?:a|lib|la|o)$")),
    (FileKind.HEADERS, re.compile(r".*\.(?:h|hh|hpp|hxx|cuh|inc|pxd)$|(?:.*/)?include/")),
    (
        FileKind.METADATA,
        re.compile(r"(?:.*/)?[^/]+\.(?:dist|egg)-info/|var/lib/(?:dpkg|apt)/|(?:.*/)?conda-meta/"),
    ),
    (
        FileKind.DOCS,
        re.compile(r"usr/(?:local/)?share/(?:doc|man|info|lintian)/|.*\.(?:md|rst|pdf|html?)$"),
    ),
    (
        FileKind.SOURCE,
        re.compile(r".*\.(?:py|pyi|pyx|c|cc|cpp|cu|f90|js|mjs|ts|css|sh|pl|pm|rb|go|rs|java)$"),
    ),
)
_PROGRAM: Final = re.compile(r"(?:.*/)?(?:s?bin|libexec)/[^/]+$")


def kind_of(path: str, *, mode: int) -> FileKind:
    """Say what a regular file is.

    >>> str(kind_of("usr/lib/libz.so.1.2.13", mode=0o644))
    'shared objects'
    """
    for kind, pattern in _RULES:
        if pattern.match(path):
            return kind
    return FileKind.PROGRAMS if mode & 0o111 and _PROGRAM.match(path) else FileKind.DATA
