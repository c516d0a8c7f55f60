"""Stack: layers on each other, as an engine shows them; what is seen, and what was hidden by whom.

Follows layer.md: whiteouts touch only what lower layers brought, directories merge, everything else
replaces.  Paths lead through symbolic links of the image, as they would inside a container.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from lamina.anatomy.node import LayerNodes, Node
from lamina.errors import ArchiveError

How = Literal["removed", "replaced", "repeated"]
"""``repeated`` is replaced by the same bytes, as chmod and chown do it."""

_MOST_LINKS: Final = 40  # as the kernel's ELOOP
_DEEPEST: Final = 2048
_MOST_STEPS: Final = 50_000_000
_LONGEST_PATHS: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Live:
    """A path of the merged tree; ``node`` is the file that it leads to.

    ``layer`` wrote the file, counted from 0 at the bottom.  ``size`` are its bytes at the first of
    its names, and 0 at its other hard links.
    """

    path: str
    node: Node
    layer: int
    size: int


@dataclass(frozen=True, slots=True)
class Dead:
    """A file that nobody sees any more: ``writer`` is the layer it is in, ``killer`` hid it."""

    path: str
    size: int
    writer: int
    killer: int
    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """The merged tree, sorted by path, and what is below it."""

    live: tuple[Live, ...]
    dead: tuple[Dead, ...]


def stack(layers: Iterator[LayerNodes] | tuple[LayerNodes, ...]) -> Stacked:
    """Put ``layers`` on each other, lowest first.

    Raises ``ArchiveError`` for what no engine could unpack: a hard link to nothing, a way through a
    file or a loop of links.
    """
    tree = _Tree()
    for layer in layers:
        tree.add(layer)
    return Stacked(live=tuple(tree.live()), dead=tuple(tree.dead))


class _Inode:
    """A file in one layer, with as many names as hard links lead to it."""

    __slots__ = ("layer", "names", "node", "seen")

    def __init__(self, node: Node, layer: int) -> None:
        self.node = node
        self.layer = layer
        self.names = 0
        self.seen = False


class _Folder:
    """A directory; one that no layer lists has no node."""

    __slots__ = ("layer", "names", "node")

    def __init__(self, node: Node | None = None, layer: int = -1) -> None:
        self.node = node
        self.layer = layer
        self.names: dict[str, _Inode | _Folder] = {}


class _Tree:
    def __init__(self) -> None:
        self.dead: list[Dead] = []
        self._root = _Folder()
        self._layer = -1
        self._steps = 0
        self._last: tuple[str, _Folder] | None = None

    def add(self, layer: LayerNodes) -> None:
        """Hide first what the layer hides, for that concerns the layers below it alone."""
        self._layer += 1
        if layer.lost:
            lost = Dead("", layer.lost, self._layer, self._layer, "removed")
            self.dead.append(lost)
        for path in layer.emptied:
            folder = self._walk(path, create=False)
            if folder is not None:
                self._empty(folder)
        for path in layer.removed:
            self._remove(path)
        for node in layer.nodes:
            self._put(node)

    def live(self) -> Iterator[Live]:
        """Yield what is seen, in order; without recursion, for trees may be deep."""
        todo: list[tuple[str, _Folder | _Inode]] = [("", self._root)]
        length = 0
        while todo:
            path, entry = todo.pop()
            if entry.node is not None:
                shown = entry.node.path if entry.node.path == path else path
                length += 0 if shown is entry.node.path else len(shown)
                yield _live(shown, entry.node, entry)
            if isinstance(entry, _Folder):
                prefix = f"{path}/" if path else ""
                names = sorted(entry.names, reverse=True)
                todo += [(prefix + name, entry.names[name]) for name in names]
            if length > _LONGEST_PATHS:
                raise _refusal("has paths that are longer than is plausible")

    def _put(self, node: Node) -> None:
        parent, _, name = node.path.rpartition("/")
        folder = self._folder(parent)
        old = folder.names.get(name)
        if node.kind == "directory":
            if isinstance(old, _Folder):
                old.node, old.layer = node, self._layer
                return
            new: _Inode | _Folder = _Folder(node, self._layer)
        else:
            new = self._inode(node)
        if old is not None and old is not new:
            self._kill(old, _how(old, new))
        if isinstance(new, _Inode) and old is not new:
            new.names += 1
        folder.names[name] = new

    def _inode(self, node: Node) -> _Inode:
        if node.kind != "hardlink":
            return _Inode(node, self._layer)
        parent, _, name = node.target.rpartition("/")
        folder = self._walk(parent, create=False)
        found = folder.names.get(name) if folder else None
        if not isinstance(found, _Inode):
            raise _refusal(f"has a hard link {node.path!r} to {node.target!r}, which is no file")
        return found

    def _remove(self, path: str) -> None:
        parent, _, name = path.rpartition("/")
        folder = self._walk(parent, create=False)
        old = folder.names.pop(name, None) if folder else None
        if old is not None:
            self._kill(old, "removed")

    def _empty(self, folder: _Folder) -> None:
        for entry in folder.names.values():
            self._kill(entry, "removed")
        folder.names.clear()

    def _kill(self, entry: _Inode | _Folder, how: How) -> None:
        self._last = None
        todo = [entry]
        while todo:
            found = todo.pop()
            if isinstance(found, _Folder):
                todo += found.names.values()
                continue
            found.names -= 1
            if not found.names and found.node.size:
                node = found.node
                self.dead.append(Dead(node.path, node.size, found.layer, self._layer, how))

    def _folder(self, path: str) -> _Folder:
        """Return a directory that is made where it is missing; mostly it is that of the last."""
        if self._last is None or self._last[0] != path:
            folder = self._walk(path, create=True) or self._root
            self._last = (path, folder)
        return self._last[1]

    def _walk(self, path: str, *, create: bool) -> _Folder | None:
        """Find the directory that ``path`` leads to, through links; None where there is none."""
        trail, todo, links = [self._root], path.split("/")[::-1], 0
        while todo:
            name = todo.pop()
            self._count(trail)
            if name in {"", ".", ".."}:
                del trail[max(1, len(trail) - (name == "..")) :]
                continue
            entry = trail[-1].names.get(name)
            if entry is None:
                if not create:
                    return None
                entry = trail[-1].names[name] = _Folder()
            if isinstance(entry, _Folder):
                trail.append(entry)
                continue
            links += 1
            todo += _steps_of(entry.node, trail, links)
        return trail[-1]

    def _count(self, trail: list[_Folder]) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS or len(trail) > _DEEPEST:
            raise _refusal("has paths that lead further than is plausible")


def _steps_of(node: Node, trail: list[_Folder], links: int) -> list[str]:
    """Say where a link leads, last step first; an absolute one leads back to the root."""
    if node.kind != "symlink" or links > _MOST_LINKS:
        raise _refusal(f"has a way through {node.path!r}, which is no directory")
    if node.target.startswith("/"):
        del trail[1:]
    return node.target.split("/")[::-1]


def _live(path: str, node: Node, entry: _Inode | _Folder) -> Live:
    if isinstance(entry, _Folder):
        return Live(path, node, entry.layer, 0)
    size, entry.seen = 0 if entry.seen else node.size, True
    return Live(path, node, entry.layer, size)


def _how(old: _Inode | _Folder, new: _Inode | _Folder) -> How:
    is_same = (
        isinstance(old, _Inode)
        and isinstance(new, _Inode)
        and old.node.digest == new.node.digest != ""
    )
    return "repeated" if is_same else "replaced"


def _refusal(problem: str) -> ArchiveError:
    return ArchiveError(
        f"the image {problem}", hint="it is malformed or hostile: use another, or build it again"
    )
