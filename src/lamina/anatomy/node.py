"""Nodes: what a layer holds, entry by entry, with the lists of files that packages keep."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lamina.layer.entries import MemberKind


@dataclass(frozen=True, slots=True)
class Node:
    """One entry of a layer, whiteouts left out.

    ``path`` and ``target`` are as in :class:`lamina.layer.entries.Member`; ``digest`` is the
    hexadecimal SHA-256 of a file's bytes.  ``symbols`` counts the bytes of a shared object or
    program that no program loads.  ``owner`` says who brought the entry, where the layer's maker
    kept that.
    """

    path: str
    kind: MemberKind
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    digest: str = ""
    target: str = ""
    symbols: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerNodes:
    """A layer taken apart.

    ``removed`` are the paths that whiteouts delete from the layers below, ``emptied`` the
    directories whose lower content is hidden (layer.md).  ``lines`` holds, by its path, what
    matters of each file that says what a package brought; see :mod:`lamina.anatomy.registers`.
    ``lost`` are bytes of files that are no files of the image, such as whiteouts with content.
    """

    nodes: tuple[Node, ...] = ()
    removed: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    lost: int = 0
    has_symbols: bool = True

    @property
    def size(self) -> int:
        """Bytes of all regular files in the layer's tar."""
        return self.lost + sum(node.size for node in self.nodes)

    @property
    def size_with_links(self) -> int:
        """The same and the texts of symbolic links, as Docker counts a layer that it unpacked.

        Of a layer that it built it counts the files alone.
        """
        return self.size + sum(
            len(node.target.encode("utf-8", "surrogateescape"))
            for node in self.nodes
            if node.kind == "symlink"
        )
