"""Anatomy: every byte of an image by what is known of it, and the figures that follow.

``image_bytes`` are the regular files of all layers; what the merged tree shows of them is live, the
rest dead.  Of the live bytes, duplicates are those of files of 4 KiB and more whose content another
path has already, in the order of paths.  All of it adds up.

What has several names, or is there several times, is what its first name that is no junk says: a
package is no junk because a cache holds it too.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from lamina.anatomy.components import BaseLayers, components_of, find_base
from lamina.anatomy.counting import count_names
from lamina.anatomy.kinds import FileKind, kind_of
from lamina.anatomy.node import LayerNodes, Node
from lamina.anatomy.owners import Owner, find_owners
from lamina.anatomy.stack import Dead, stack
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.plan.component import Component

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Part:
    """A live path.

    ``size`` are its bytes, 0 for all but one of several hard links.  ``junk`` names its class,
    empty for none; ``copy_of`` is the path that has the same bytes already.
    """

    path: str
    node: Node
    layer: int
    size: int
    owner: Owner | None
    component: Component
    kind: FileKind
    junk: str
    copy_of: str

    @property
    def symbols(self) -> int:
        """Bytes of the file, counted where ``size`` is, that no program loads."""
        return min(self.size, self.node.symbols)


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """An image, its layers taken apart, and what they are together."""

    image: Image
    layers: tuple[LayerNodes, ...]
    base: BaseLayers
    parts: tuple[Part, ...]
    dead: tuple[Dead, ...]

    @property
    def image_bytes(self) -> int:
        """Bytes of all regular files in all layers."""
        return self.live_bytes + self.dead_bytes

    @cached_property
    def live_bytes(self) -> int:
        """Bytes that the merged tree shows, each hard-linked file once."""
        return sum(part.size for part in self.parts)

    @cached_property
    def dead_bytes(self) -> int:
        """Bytes that are pulled and never seen."""
        return sum(dead.size for dead in self.dead)

    @cached_property
    def duplicate_bytes(self) -> int:
        """Live bytes that are there at another path already."""
        return sum(part.size for part in self.parts if part.copy_of)

    @cached_property
    def junk_bytes(self) -> int:
        """Live bytes in the classes of :mod:`lamina.anatomy.junk`."""
        return sum(part.size for part in self.parts if part.junk)

    @property
    def efficiency(self) -> float:
        """The share of live bytes; all of nothing is 1."""
        return self.live_bytes / self.image_bytes if self.image_bytes else 1.0

    @property
    def tightness(self) -> float:
        """The share of bytes that are live, no duplicates and no junk; what is both counts once."""
        waste = sum(part.size for part in self.parts if part.copy_of or part.junk)
        return (self.live_bytes - waste) / self.image_bytes if self.image_bytes else 1.0

    def sizes(self, key: Callable[[Part], Key]) -> dict[Key, int]:
        """Add up live bytes by what ``key`` says of a path, the largest first."""
        found: Counter[Key] = Counter()
        for part in self.parts:
            if part.size:
                found[key(part)] += part.size
        return dict(sorted(found.items(), key=lambda item: (-item[1], str(item[0]))))

    def sizes_by_kind(self) -> dict[FileKind, int]:
        """Add up live bytes by kind of file, symbols apart from what they are in."""
        found: Counter[FileKind] = Counter()
        for part in self.parts:
            found[FileKind.SYMBOLS] += part.symbols
            found[part.kind] += part.size - part.symbols
        rows = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return {kind: size for kind, size in rows if size}


def take_apart(
    image: Image, layers: Sequence[LayerNodes], *, base: Sequence[Digest] = ()
) -> Anatomy:
    """Put an image's layers together and judge every path; ``base`` are diff_ids of its base.

    Raises ``ArchiveError`` for layers that do not fit on each other.
    """
    stacked = stack(tuple(layers))
    owners = find_owners(stacked, layers)
    base_layers = find_base(image, layers, base)
    paths = frozenset(item.path for item in stacked.live)
    components = components_of(image, base_layers, paths)
    counted = count_names(stacked.live, paths)
    parts = []
    for item, count in zip(stacked.live, counted, strict=True):
        owner = owners.get(item.path)
        parts.append(
            Part(
                item.path, item.node, item.layer, count.size, owner,
                components.of(item, owner),
                kind_of(item.path, mode=item.node.mode), count.junk, count.copy_of,
            )
        )  # fmt: skip
    return Anatomy(
        image=image, layers=tuple(layers), base=base_layers, parts=tuple(parts), dead=stacked.dead
    )
