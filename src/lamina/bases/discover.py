"""What a base image carries, read from its layers and not guessed from its name; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence

from lamina.elf.musl import find_musl as musl_among
from lamina.errors import ImageError
from lamina.layer.contents import Contents, Item

_INTERPRETER = re.compile(r"(usr/local/bin|usr/bin|opt/[^/]+/bin)/python(3\.\d+)")
_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)")
_MUSL = (1, 2)
_C_LIBRARY = re.compile(r"(.*/)?libc\.so\.6")


def find_python(layers: Iterable[Contents], *, where: str) -> tuple[str, str]:
    """Find the base's Python: its minor version and the absolute path of its interpreter.

    /usr/local comes before /usr, as in PATH, and newer before older.  Raises ``ImageError`` when
    there is none.
    """
    found = {
        match[0]: match[2]
        for item in merged(layers).values()
        if item.kind == "file" and (match := _INTERPRETER.fullmatch(item.path))
    }
    if not found:
        raise ImageError(
            "the base has no Python 3",
            where=where,
            hint="use a base that carries one, such as debian:bookworm or a python image",
        )
    best = max(found, key=lambda path: (path.startswith("usr/local/"), _minor(found[path])))
    return found[best], f"/{best}"


def find_musl(layers: Iterable[Contents]) -> tuple[int, int] | None:
    """Find musl by its dynamic linker; None for a base that has another C library.

    Its files do not say their version; every Alpine since 3.13, of 2021, has 1.2.
    """
    return _MUSL if musl_among(merged(layers)) else None


def find_glibc(layers: Sequence[Contents], *, where: str) -> tuple[int, int]:
    """Find the version of the base's C library from the symbol versions that it defines.

    Raises ``ImageError`` for a base without glibc.
    """
    versions = [
        (int(match[1]), int(match[2]))
        for contents in layers
        for path, needs in contents.objects.items()
        if _C_LIBRARY.fullmatch(path)
        for text in needs.provides
        if (match := _GLIBC.fullmatch(text))
    ]
    if not versions:
        raise ImageError(
            "the base has neither glibc nor musl, and wheels need one of them",
            where=where,
            hint="use a base built on Debian, Ubuntu, Fedora, Alpine or the like",
        )
    return max(versions)


def merged(layers: Iterable[Contents]) -> dict[str, Item]:
    """Stack the layers' entries, whiteouts applied (layer.md, "Whiteouts")."""
    tree: dict[str, Item] = {}
    for contents in layers:
        for item in contents.items:
            folder, _, name = item.path.rpartition("/")
            if not name.startswith(".wh."):
                tree[item.path] = item
                continue
            gone = folder if name == ".wh..wh..opq" else f"{folder}/{name[4:]}".lstrip("/")
            for path in [p for p in tree if p == gone or p.startswith(f"{gone}/")]:
                del tree[path]
    return tree


def python_full(environment: Mapping[str, str], python: str) -> str:
    """Tell the full version: Docker's python images say it; else the first of the minor version."""
    stated = environment.get("PYTHON_VERSION", "")
    return stated if stated.startswith(f"{python}.") else f"{python}.0"


def _minor(python: str) -> int:
    return int(python.partition(".")[2])
