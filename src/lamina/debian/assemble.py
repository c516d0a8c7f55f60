"""entries(): the packages of a selection as the entries of one layer, streamed.

One package is unpacked at a time and one file of it is in memory.  The order is that of the
packages and their members, so equal packages make equal layers.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from lamina.debian.alternatives import (
    Alternative,
    alternatives_in,
    computed_alternatives,
    links,
)
from lamina.debian.control import parse_paragraph
from lamina.debian.deb import Deb, read_deb
from lamina.debian.effects import is_collected, library_directories, record, settings, skeleton
from lamina.debian.ld_cache import ld_so_cache
from lamina.debian.selection import DebianPackage, DebianSelection
from lamina.debian.tree import LeavesOut, Tree, replaced_by
from lamina.errors import IntegrityError
from lamina.oci.entry import Entry

# Sources and their paths in the image to unchecked-hash bytecode, or None where there is none.
Compile = Callable[[Sequence[tuple[bytes, str]]], Sequence[bytes | None]]
Which = Literal["base", "system"]


def _keep_all(_: str) -> bool:
    return False


_COMPILED = re.compile(r"usr/lib/python3(\.\d+)?/.*\.py")
_LIBRARY = re.compile(r"(lib[^/]*|ld-[^/]*)\.so(\.[^/]*)?")


def entries(
    selection: DebianSelection,
    debs: Mapping[str, Path],
    *,
    which: Which = "base",
    compile: Compile | None = None,  # noqa: A002 - what it does is what the builtin does
    leaves_out: LeavesOut = _keep_all,
) -> Iterator[Entry]:
    """Yield the entries of the base's layer, or of the layer of the system packages above it.

    ``debs`` has the file of every package, for the system layer too: it repeats the generated
    files that change (ld.so.cache, accounts).  ``leaves_out`` says of a path that the image does
    without that file, unless its package was asked for by name.  Parents come before children,
    each path once.  Raises ``ArchiveError`` for a malformed package, ``IntegrityError`` for another
    one than the selection's.
    """
    image = _Image(selection, compile, leaves_out)
    base = image.packages(selection.base, debs)
    yield from (entry for entry in base if which == "base")
    generated = image.generated()
    if which == "base":
        yield from image.place(generated)
        return
    before = set(generated)
    yield from image.packages(selection.system, debs)
    yield from image.place([entry for entry in image.generated() if entry not in before])


class _Image:
    """What is known about the image so far."""

    def __init__(
        self,
        selection: DebianSelection,
        compile_sources: Compile | None,
        leaves_out: LeavesOut,
    ) -> None:
        self._selection = selection
        self._compile = compile_sources
        self._leaves_out = leaves_out
        self._tree = Tree()
        self._collected: dict[str, bytes] = {}
        self._libraries: dict[str, Entry] = {}
        self._alternatives: list[Alternative] = []

    def packages(
        self, packages: Sequence[DebianPackage], debs: Mapping[str, Path]
    ) -> Iterator[Entry]:
        if packages is self._selection.base:
            yield from self.place(skeleton(self._selection.architecture))
        for package in _in_order(packages):
            yield from self._package(package, read_deb(debs[package.name]))

    def place(self, found: Sequence[Entry]) -> Iterator[Entry]:
        """Yield generated entries after the parents that they still lack."""
        for entry in found:
            yield from self._tree.parents(entry.path)
            if entry.kind != "directory" or self._tree.kind(entry.path) is None:
                yield entry
            self._tree.note(entry, owner=None)

    def generated(self) -> list[Entry]:
        """Return the files that no package holds and an installation would have made."""
        made = {
            entry.path: entry
            for entry in (
                *settings(self._collected, python=self._selection.python),
                *links(self._alternatives, exists=self._tree.from_package),
                self._ld_so_cache(),
            )
            if not self._tree.from_package(entry.path)
        }
        return [made[path] for path in sorted(made)]

    def _package(self, package: DebianPackage, deb: Deb) -> Iterator[Entry]:
        _check_identity(package, deb)
        sources: list[tuple[bytes, str]] = []
        walk = self._tree.walk(package, _keep_all if package.whole else self._leaves_out)
        for member in deb.members():
            if member.kind == "file" and is_collected(member.name):
                self._collected[member.name] = member.data
            for entry in walk.add(member):
                self._notice(entry, sources)
                yield entry
        yield from self.place(self._bytecode(sources))
        yield from self.place(
            record(package.name, deb.control, deb.scripts.get("md5sums", ""), walk.kept)
        )
        self._alternatives += alternatives_in(deb.scripts.get("postinst", ""))
        self._alternatives += computed_alternatives(package.name, walk.kept)

    def _notice(self, entry: Entry, sources: list[tuple[bytes, str]]) -> None:
        if entry.kind == "file" and _COMPILED.fullmatch(entry.path):
            sources.append((entry.data, f"/{entry.path}"))
        if _LIBRARY.fullmatch(entry.path.rpartition("/")[2]):
            is_elf = entry.data.startswith(b"\x7fELF")
            if entry.kind == "symlink" or is_elf:
                self._libraries[entry.path] = replace(entry, data=b"")

    def _bytecode(self, sources: list[tuple[bytes, str]]) -> list[Entry]:
        if self._compile is None or not sources:
            return []
        tag = f"cpython-{self._selection.python.replace('.', '')}"
        made = zip(sources, self._compile(sources), strict=True)
        return [
            Entry(path=_cache_path(path, tag), data=code)
            for (_, path), code in made
            if code is not None
        ]

    def _ld_so_cache(self) -> Entry:
        """List what ldconfig lists: each soname, which is a link or a file that no link repeats."""
        directories = library_directories(self._collected, self._selection.architecture)
        found: dict[str, str] = {}
        for directory in directories:
            here = {
                path.rpartition("/")[2]: entry
                for path, entry in self._libraries.items()
                if path.rpartition("/")[0] == directory
            }
            targets = {entry.target for entry in here.values() if entry.kind == "symlink"}
            for name, entry in here.items():
                if entry.kind == "symlink" or name not in targets:
                    found.setdefault(name, f"/{directory}/{name}")
        data = ld_so_cache(found, architecture=self._selection.architecture)
        return Entry(path="etc/ld.so.cache", data=data)


def _in_order(packages: Sequence[DebianPackage]) -> list[DebianPackage]:
    """Put packages that replace files of others first: then the first file of a path is right."""
    names = {package.name for package in packages}

    def order(package: DebianPackage) -> tuple[bool, bool, str]:
        replaces = bool(replaced_by(package) & names)
        return (package.name != "base-files", not replaces, package.name)

    return sorted(packages, key=order)


def _check_identity(package: DebianPackage, deb: Deb) -> None:
    control = parse_paragraph(deb.control, where=deb.path.name)
    found = tuple(control.get(field) for field in ("Package", "Version", "Architecture"))
    expected = (package.name, package.version, package.architecture)
    if found != expected:
        raise IntegrityError(
            f"the package says that it is {' '.join(found)}, not {' '.join(expected)}",
            where=deb.path.name,
        )


def _cache_path(source: str, tag: str) -> str:
    folder, _, name = source.strip("/").rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"
