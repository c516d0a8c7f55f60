"""Owners: which package brought each path, by what packages themselves wrote into the image."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from packaging.utils import canonicalize_name

from lamina.anatomy import registers
from lamina.anatomy.junk import source_of
from lamina.anatomy.node import LayerNodes
from lamina.anatomy.stack import Live, Stacked

_MOST_LINKS: Final = 40
_DEEPEST: Final = 64
"""Longer ways in a list are taken as they are: looking for links in them is not worth it."""


class OwnerKind(StrEnum):
    """What an owner is."""

    DISTRIBUTION = "distribution"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """A Python distribution, or a Debian package; ``is_local`` was installed from a folder."""

    kind: OwnerKind
    name: str
    version: str
    is_local: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


def find_owners(stacked: Stacked, layers: Sequence[LayerNodes]) -> dict[str, Owner]:
    """Say who owns each live path that somebody owns.

    Debian packages come first: their distributions' files are theirs.  Bytecode that nobody lists
    belongs to whoever owns its source.
    """
    live = {item.path: item for item in stacked.live}
    lines = {
        item.path: layers[item.layer].lines[item.node.path]
        for item in stacked.live
        if item.node.path in layers[item.layer].lines
    }
    found: dict[str, Owner] = {}
    owned = (*_noted(stacked, layers), *_packages(lines), *_distributions(lines))
    ways = _Ways(live)
    for path, owner in owned:
        real = ways.real(path)
        if real in live and live[real].node.kind != "directory":
            found.setdefault(real, owner)
    for path in live:
        source = source_of(path) if path.endswith(".pyc") else ""
        if source in found and path not in found:
            found[path] = found[source]
    return found


def _noted(stacked: Stacked, layers: Sequence[LayerNodes]) -> Iterator[tuple[str, Owner]]:
    """Take what the layer's maker kept; whose name it is, tell the files that only one kind has."""
    kinds = [dict(_evidence(layer)) for layer in layers]
    for item in stacked.live:
        kind = kinds[item.layer].get(item.node.owner) if item.node.owner else None
        if kind is not None:
            name, _, version = item.node.owner.partition(" ")
            yield item.path, Owner(kind, _plain(kind, name), version)


def _plain(kind: OwnerKind, name: str) -> str:
    return canonicalize_name(name) if kind is OwnerKind.DISTRIBUTION else name


def _evidence(layer: LayerNodes) -> Iterator[tuple[str, OwnerKind]]:
    for node in layer.nodes:
        if node.owner and node.path.endswith(registers.RECORD):
            yield node.owner, OwnerKind.DISTRIBUTION
        elif node.owner and node.path.startswith(registers.STATUS_FOLDER):
            yield node.owner, OwnerKind.PACKAGE


def _packages(lines: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, Owner]]:
    versions = dict(_versions(lines))
    for path, rows in lines.items():
        is_list = path.startswith((registers.LISTS, registers.STATUS_FOLDER))
        stem, _, suffix = posixpath.basename(path).rpartition(".")
        if not is_list or suffix not in {"list", "md5sums"}:
            continue
        name = stem.partition(":")[0]
        if name in versions:
            owner = Owner(OwnerKind.PACKAGE, name, versions[name])
            yield path, owner
            yield path.removesuffix(".md5sums"), owner
            yield from ((row, owner) for row in rows)


def _versions(lines: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for path, rows in lines.items():
        is_status = path == registers.STATUS or path.startswith(registers.STATUS_FOLDER)
        if is_status and not path.endswith(".md5sums"):
            for row in rows:
                name, _, version = row.partition(" ")
                yield name, version


def _distributions(lines: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, Owner]]:
    for path, rows in lines.items():
        if not path.endswith(registers.RECORD):
            continue
        info = posixpath.dirname(path)
        site = posixpath.dirname(info)
        origin = lines.get(f"{info}/direct_url.json", ())
        stem = posixpath.basename(info).removesuffix(".dist-info")
        name, _, version = stem.rpartition("-")
        owner = Owner(
            OwnerKind.DISTRIBUTION,
            canonicalize_name(name or stem),
            version if name else "",
            is_local=registers.LOCAL in origin,
        )
        yield from ((posixpath.normpath(f"{site}/{row}"), owner) for row in rows)
        yield path, owner


class _Ways:
    """Finds what a path means where directories on its way are links, as /lib mostly is."""

    def __init__(self, live: Mapping[str, Live]) -> None:
        self._live = live
        self._links = {
            path: item.node.target for path, item in live.items() if item.node.kind == "symlink"
        }
        self._known: dict[str, str] = {}

    def real(self, path: str) -> str:
        """Follow the links in all but the last part of ``path``."""
        if path in self._live or path.count("/") > _DEEPEST:
            return path
        folder, _, name = path.rpartition("/")
        if folder not in self._known:
            self._known[folder] = self._follow(folder)
        return f"{self._known[folder]}/{name}".lstrip("/")

    def _follow(self, folder: str) -> str:
        for _ in range(_MOST_LINKS):
            parts = folder.split("/")
            ways = ("/".join(parts[: n + 1]) for n in range(len(parts)))
            link = next((way for way in ways if way in self._links), None)
            if link is None:
                return folder
            target = posixpath.join("/", posixpath.dirname(link), self._links[link])
            folder = posixpath.normpath(target + folder[len(link) :]).lstrip("/")
            if folder.count("/") > _DEEPEST:
                return folder
        return folder
