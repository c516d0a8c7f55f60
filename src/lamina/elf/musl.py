"""Where musl's dynamic linker differs from glibc's (musl, ``ldso/dynlink.c``); pure.

It is the C library itself and answers to the names of all its parts, it knows no symbol versions,
and it passes both RPATH and RUNPATH on to what is loaded.
"""

import re
from collections.abc import Iterable

from lamina.elf.needs import Needs

_LOADER = re.compile(r"(usr/)?lib/ld-musl-[a-z0-9_]+\.so\.1")
_GLIBC = re.compile(r"(.*/)?libc\.so\.6")
_PARTS = re.compile(r"lib(c|pthread|rt|m|dl|util|xnet)\..*")

DIRS = ("lib", "usr/local/lib", "usr/lib")
"""The directories that it searches where no file says otherwise."""


def find_musl(paths: Iterable[str]) -> str | None:
    """Find musl among an image's paths, unless glibc is there too, which then is the system's."""
    loader = None
    for path in paths:
        if _GLIBC.fullmatch(path):
            return None
        if _LOADER.fullmatch(path):
            loader = path
    return loader


def is_musl_itself(library: str) -> bool:
    """Say whether musl stands for ``library``, whatever file may have that name.

    >>> is_musl_itself("libc.musl-x86_64.so.1"), is_musl_itself("libmagic.so.1")
    (True, False)
    """
    return bool(_PARTS.fullmatch(library))


def wants_glibc(needs: Needs) -> bool:
    """Say whether an object was built for glibc: it names versions that only glibc has."""
    return any(version.startswith("GLIBC_") for one in needs.requires for version in one.versions)
