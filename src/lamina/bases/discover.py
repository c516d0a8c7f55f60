"""What a base image carries, read from its layers and not guessed from its name; pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lamina.elf.musl import find_musl as musl_among
from lamina.errors import ImageError
from lamina.layer.contents import Contents, Item

_INTERPRETER = re.compile(r"(usr/local/bin|usr/bin|opt/[^/]+/bin)/python(3\.\d+)")
_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)")
_MUSL = (1, 2)
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
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
    """Stack the layers' entries, whiteouts applied (layer.md, "Whiteouts").

    A whiteout hides what is below its layer, and nothing of it.
    """
    tree: dict[str, Item] = {}
    for contents in layers:
        own = {item.path: item for item in contents.items if not _is_mark(item)}
        gone, emptied = _hidden_by(contents, own, tree)
        if gone or emptied:
            hollow = gone | emptied
            tree = {
                path: item
                for path, item in tree.items()
                if path not in gone and hollow.isdisjoint(_folders_of(path))
            }
        tree.update(own)
    return tree


def _is_mark(item: Item) -> bool:
    return item.path.rpartition("/")[2].startswith(_WHITEOUT)


def _hidden_by(
    contents: Contents, own: Mapping[str, Item], tree: Mapping[str, Item]
) -> tuple[set[str], set[str]]:
    """List the paths that a layer takes away, and the folders of which it takes what is in them."""
    gone: set[str] = set()
    emptied: set[str] = set()
    for item in filter(_is_mark, contents.items):
        folder, _, name = item.path.rpartition("/")
        if name == _OPAQUE:
            emptied.add(folder)
        elif not name.startswith(2 * _WHITEOUT):
            gone.add(f"{folder}/{name.removeprefix(_WHITEOUT)}".lstrip("/"))
    emptied |= {path for path, item in own.items() if item.kind != "directory"} & _folders(tree)
    gone |= {folder for folder in _folders(own) if folder in tree and tree[folder].kind == "file"}
    return gone, emptied


def _folders(paths: Iterable[str]) -> set[str]:
    return {folder for path in paths for folder in _folders_of(path)}


def _folders_of(path: str) -> Iterator[str]:
    """Yield what a path is in, the root last."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def python_full(environment: Mapping[str, str], python: str) -> str:
    """Tell the full version: Docker's python images say it; else the first of the minor version."""
    stated = environment.get("PYTHON_VERSION", "")
    return stated if stated.startswith(f"{python}.") else f"{python}.0"


def _minor(python: str) -> int:
    return int(python.partition(".")[2])
