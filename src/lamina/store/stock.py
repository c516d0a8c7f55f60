"""Stock: everything that a store holds, item by item, as values."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class Kind(StrEnum):
    """What an item is; the values are what programs call them."""

    BLOB = "blobs"
    WHEEL = "wheels"
    SDIST = "sdists"
    PACKAGE = "base_packages"
    TOOLCHAIN = "toolchains"
    LAYER_ROW = "layer_facts"
    FACT = "facts"
    NAME = "names"
    LEFTOVER = "leftovers"


WORDS: Final = {
    Kind.BLOB: "layers, configs, manifests",
    Kind.WHEEL: "downloaded and built",
    Kind.SDIST: "sources to build wheels from",
    Kind.PACKAGE: "Debian packages and indexes",
    Kind.TOOLCHAIN: "roots to build sdists in",
    Kind.LAYER_ROW: "what layers hold",
    Kind.FACT: "remembered decisions and answers",
    Kind.NAME: "images by name",
    Kind.LEFTOVER: "unfinished files, of work that runs or was killed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file or folder of the store.

    ``size`` is what the disk gives back.  ``used`` is when it was used last, and ``changed`` when
    anything about it changed, in nanoseconds since the epoch; ``stamp`` is different once somebody
    used or replaced it.  ``holders`` are blobs that it describes: it stays as long as one of them.
    ``name`` is that of an image, empty if unknown, and ``needs`` are the blobs which that has.
    """

    kind: Kind
    path: Path
    size: int
    used: int
    changed: int
    stamp: tuple[int, ...]
    holders: tuple[Path, ...] = ()
    name: str = ""
    needs: frozenset[Path] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """All items of a store; ``unknown`` is what others put there.

    ``broken`` are the names of images of which a manifest cannot be read.
    """

    items: tuple[Item, ...]
    unknown: tuple[Path, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The size of all items, in bytes."""
        return sum(item.size for item in self.items)

    def unneeded(self) -> tuple[Item, ...]:
        """List what no named image needs, work that may be running left out."""
        return without(self.items, needs_of(self.items))


def needs_of(items: Iterable[Item]) -> frozenset[Path]:
    """Return the blobs that the named images among ``items`` need."""
    return frozenset(path for item in items for path in item.needs)


def without(items: Iterable[Item], needed: frozenset[Path]) -> tuple[Item, ...]:
    """Leave out names, leftovers, ``needed`` blobs, and what describes those."""
    return tuple(
        item
        for item in items
        if item.kind not in {Kind.NAME, Kind.LEFTOVER}
        and item.path not in needed
        and needed.isdisjoint(item.holders)
    )
