"""Tree: the files of an image as its layers leave them, whiteouts applied (layer.md)."""

from collections.abc import Iterator
from dataclasses import dataclass

from lamina.layer.entries import Member, MemberKind


@dataclass(frozen=True, slots=True)
class Leaf:
    """One path of the image; ``layer`` wrote it, counted from 1 at the bottom."""

    path: str
    kind: MemberKind
    mode: int
    uid: int
    gid: int
    layer: int
    has_capabilities: bool

    @property
    def is_file(self) -> bool:
        """Say whether it is a regular file, be it another name of one."""
        return self.kind in {"file", "hardlink"}


class _Folder:
    __slots__ = ("children", "leaf")

    def __init__(self) -> None:
        self.children: dict[str, _Folder] = {}
        self.leaf: Leaf | None = None


class Tree:
    """Grows by one layer after another, from the bottom up.

    A whiteout touches lower layers only, so what a layer removes is taken away before what it adds.
    """

    def __init__(self) -> None:
        self._root = _Folder()
        self.size = 0

    def __iter__(self) -> Iterator[Leaf]:
        """Yield every path, in no particular order."""
        waiting = [self._root]
        while waiting:
            folder = waiting.pop()
            if folder.leaf is not None:
                yield folder.leaf
            waiting.extend(folder.children.values())

    def find(self, path: str) -> Leaf | None:
        """Return what is at ``path``; symbolic links are not followed."""
        folder = self._folder(path)
        return folder.leaf if folder is not None else None

    def __contains__(self, path: str) -> bool:
        """Say whether there is something at ``path``, be it a directory that no layer names."""
        return self._folder(path) is not None

    def add_layer(self, members: list[Member], number: int) -> None:
        """Put a layer on top."""
        for member in members:
            if member.removes is not None:
                self._remove(member.removes)
            elif member.is_opaque_marker:
                self._empty(member.path.rpartition("/")[0])
        for member in members:
            if member.removes is None and not member.is_opaque_marker and member.path:
                self._put(member, number)

    def _put(self, member: Member, number: int) -> None:
        folder = self._root
        for part in member.path.split("/"):
            folder = folder.children.setdefault(part, _Folder())
        if member.kind != "directory":
            folder.children = {}
        self.size += folder.leaf is None
        folder.leaf = Leaf(
            path=member.path,
            kind=member.kind,
            mode=member.mode,
            uid=member.uid,
            gid=member.gid,
            layer=number,
            has_capabilities="security.capability" in member.xattrs,
        )

    def _remove(self, path: str) -> None:
        above, _, name = path.rpartition("/")
        folder = self._folder(above)
        if folder is not None:
            folder.children.pop(name, None)

    def _empty(self, path: str) -> None:
        folder = self._folder(path)
        if folder is not None:
            folder.children = {}

    def _folder(self, path: str) -> _Folder | None:
        folder = self._root
        for part in path.split("/") if path else ():
            if part not in folder.children:
                return None
            folder = folder.children[part]
        return folder
