"""Tree: the files of an image as its layers leave them, whiteouts applied (layer.md)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lamina.errors import ArchiveError
from lamina.layer.entries import Member, MemberKind

_MOST_LINKS: Final = 40  # as the kernel's ELOOP
_MOST_STEPS: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """One path of the image; ``layer`` wrote it, counted from 1 at the bottom.

    ``path`` has no symbolic link on its way; ``target`` is a link's text.
    """

    path: str
    kind: MemberKind
    mode: int
    uid: int
    gid: int
    layer: int
    has_capabilities: bool
    target: str = ""

    @property
    def is_file(self) -> bool:
        """Say whether it is a regular file, be it another name of one."""
        return self.kind in {"file", "hardlink"}


class _Folder:
    __slots__ = ("children", "leaf")

    def __init__(self) -> None:
        self.children: dict[str, _Folder] = {}
        self.leaf: Leaf | None = None

    @property
    def link(self) -> str | None:
        """Where it leads, if it is a symbolic link."""
        is_link = self.leaf is not None and self.leaf.kind == "symlink"
        return self.leaf.target if is_link and self.leaf else None


class _Way:
    """The folders from the root to one, and their names."""

    def __init__(self, root: _Folder) -> None:
        self.folders = [root]
        self.names: list[str] = []

    def step(self, name: str, folder: _Folder) -> None:
        self.folders.append(folder)
        self.names.append(name)

    def back(self, *, to_root: bool = False) -> None:
        del self.folders[1 if to_root else max(1, len(self.folders) - 1) :]
        del self.names[len(self.folders) - 1 :]


class Tree:
    """Grows by one layer after another, from the bottom up.

    A whiteout touches lower layers only, so what a layer removes is taken away before what it adds.
    Ways lead through symbolic links of the image, as they would inside a container; ``bin`` mostly
    is one.  Raises ``ArchiveError`` for links that nobody would follow to their end.
    """

    def __init__(self) -> None:
        self._root = _Folder()
        self._steps = 0
        self._last: tuple[str, _Folder, str] | None = None
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
        """Return what is at ``path``; a symbolic link at its end is not followed."""
        folder = self._at(path)
        return folder.leaf if folder is not None else None

    def __contains__(self, path: str) -> bool:
        """Say whether there is something at ``path``, be it a directory that no layer names."""
        return self._at(path) is not None

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
        above, _, name = member.path.rpartition("/")
        parent, real = self._parent(above)
        folder = parent.children.setdefault(name, _Folder())
        if member.kind != "directory":
            folder.children = {}
            self._last = None
        self.size += folder.leaf is None
        path = member.path if real == above else f"{real}/{name}".lstrip("/")
        folder.leaf = Leaf(
            path=path,
            kind=member.kind,
            mode=member.mode,
            uid=member.uid,
            gid=member.gid,
            layer=number,
            has_capabilities="security.capability" in member.xattrs,
            target=member.target if member.kind == "symlink" else "",
        )

    def _parent(self, path: str) -> tuple[_Folder, str]:
        """Return the folder that ``path`` leads to, made where it is missing, and its own path."""
        if self._last is None or self._last[0] != path:
            way = self._walk(path, create=True)
            if way is None:  # through a file or a loop: no engine gets there, and it is shown as is
                way = self._walk(path, create=True, follow=False) or _Way(self._root)
            self._last = (path, way.folders[-1], "/".join(way.names))
        return self._last[1], self._last[2]

    def _remove(self, path: str) -> None:
        above, _, name = path.rpartition("/")
        way = self._walk(above)
        if way is not None:
            way.folders[-1].children.pop(name, None)
            self._last = None

    def _empty(self, path: str) -> None:
        way = self._walk(path)
        if way is not None:
            way.folders[-1].children = {}
            self._last = None

    def _at(self, path: str) -> _Folder | None:
        above, _, name = path.rpartition("/")
        way = self._walk(above)
        if way is None:
            return None
        return way.folders[-1].children.get(name) if name else way.folders[-1]

    def _walk(self, path: str, *, create: bool = False, follow: bool = True) -> _Way | None:
        """Find the folder that ``path`` leads to, through links; None where there is none."""
        way, todo, links = _Way(self._root), path.split("/")[::-1], 0
        while todo:
            name = todo.pop()
            self._count()
            if name in {"", ".", ".."}:
                if name == "..":
                    way.back()
                continue
            here = way.folders[-1]
            if name not in here.children and not create:
                return None
            folder = here.children.setdefault(name, _Folder())
            if not follow or folder.link is None:
                way.step(name, folder)
                continue
            links += 1
            if links > _MOST_LINKS:
                return None
            if folder.link.startswith("/"):
                way.back(to_root=True)
            todo += folder.link.split("/")[::-1]
        return way

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise ArchiveError(
                "the layers have paths that lead further than is plausible",
                hint="the image is malformed or hostile: use another, or build it again",
            )
