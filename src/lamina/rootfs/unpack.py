"""Unpack an image's layers into a directory, as a container runtime would, and never outside it.

Meant for running and testing an image, so what a sandbox provides or forbids is left out: device
nodes and pipes, set-user-id bits, extended attributes.  Whiteouts follow layer.md.
"""

import contextlib
import os
import posixpath
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lamina.errors import ArchiveError, StoreError
from lamina.layer.entries import LayerReader, Member, MemberKind
from lamina.oci.entry import Entry
from lamina.rootfs.tree import Place, Tree, children

_LATEST = 2**34 - 1  # what ext4 can hold; layers may claim more
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What came of it: how many members were written, and which device nodes and pipes were not."""

    members: int
    skipped: tuple[str, ...]


def unpack(layers: Iterable[BinaryIO], root: Path, *, keep_owners: bool | None = None) -> Unpacked:
    """Apply ``layers``, lowest first, to the directory ``root``, which is made if missing.

    ``keep_owners`` needs root and is then the default; without it everything belongs to the caller,
    who can read and write all directories.  Raises ``ArchiveError`` for a malformed or hostile
    layer and ``StoreError`` if the disk fails; what was written until then stays.
    """
    owners = os.geteuid() == 0 if keep_owners is None else keep_owners
    with _writing(root) as tree:
        writer = _Writer(tree, keep_owners=owners)
        for number, stream in enumerate(layers):
            reader = LayerReader(stream, where=f"layer {number}")
            writer.apply((member, reader.chunks) for member in reader)
        writer.finish()
    return Unpacked(members=writer.members, skipped=tuple(writer.skipped))


def unpack_entries(entries: Iterable[Entry], root: Path) -> Unpacked:
    """Write ``entries``, as of one layer, into the directory ``root``; see ``unpack``."""
    with _writing(root) as tree:
        writer = _Writer(tree, keep_owners=False)
        writer.apply((_as_member(entry), _content(entry)) for entry in entries)
        writer.finish()
    return Unpacked(members=writer.members, skipped=())


@contextlib.contextmanager
def _writing(root: Path) -> Iterator[Tree]:
    try:
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o755)  # the image's user, who may not be the caller, starts here
        with Tree(root) as tree:
            yield tree
    except OSError as error:
        raise StoreError(
            "an image could not be unpacked",
            where=str(root),
            hint="free some space, or choose another directory",
            why=str(error),
        ) from error


def _as_member(entry: Entry) -> Member:
    kind: MemberKind = entry.kind
    return Member(
        path=entry.path,
        kind=kind,
        mode=entry.mode,
        uid=0,
        gid=0,
        mtime=315_532_800,
        size=len(entry.data),
        target=entry.target,
    )


def _content(entry: Entry) -> Callable[[], Iterator[bytes]]:
    return lambda: iter((entry.data,))


class _Writer:
    """Writes members below a tree, and remembers what must wait for the end."""

    def __init__(self, tree: Tree, *, keep_owners: bool) -> None:
        self._tree = tree
        self._keep_owners = keep_owners
        self._fresh: set[str] = set()
        self._directories: dict[str, Member] = {}
        self.members = 0
        self.skipped: list[str] = []

    def apply(self, members: Iterable[tuple[Member, Callable[[], Iterator[bytes]]]]) -> None:
        """Write one layer's members; whiteouts touch only what lower layers brought."""
        self._fresh = set()
        for member, content in members:
            self.members += 1
            self._apply(member, content)

    def finish(self) -> None:
        """Give directories their modes and times, which writing into them would need or change."""
        for path, member in sorted(self._directories.items(), reverse=True):
            place = self._tree.place(path)
            mode = self._tree.mode(place) if place.name else None
            if mode is not None and stat.S_ISDIR(mode):
                self._dress(place, member)

    def _apply(self, member: Member, content: Callable[[], Iterator[bytes]]) -> None:
        if not member.path:  # the root itself stays as the caller made it
            return
        place = self._tree.place(member.path, create=True)
        if member.is_opaque_marker:
            self._empty(posixpath.dirname(place.path))
        elif member.removes is not None:
            self._remove(self._tree.place(member.removes))
        elif place.name.startswith(".wh..wh."):
            return  # aufs kept its books in such names
        elif member.kind in ("character", "block", "fifo"):
            self.skipped.append(member.path)
        else:
            self._write(member, place, content)

    def _remove(self, place: Place) -> None:
        if place.path in self._fresh:  # this layer brought its own: only what was below goes
            self._empty(place.path)
        else:
            self._tree.remove(place)

    def _empty(self, directory: str) -> None:
        for path in tuple(children(self._tree, directory)):
            if path in self._fresh:
                self._empty(path)
            else:
                self._tree.remove(self._tree.place(path))

    def _write(self, member: Member, place: Place, content: Callable[[], Iterator[bytes]]) -> None:
        mode = self._tree.mode(place)
        is_directory = mode is not None and stat.S_ISDIR(mode)
        if member.kind == "directory":
            if not is_directory:
                self._tree.remove(place)
                os.mkdir(place.name, 0o700, dir_fd=place.directory)
            self._directories[place.path] = member
        else:
            if mode is not None:
                self._tree.remove(place)
            self._write_other(member, place, content)
        self._mark(place.path)

    def _mark(self, path: str) -> None:
        while path and path not in self._fresh:
            self._fresh.add(path)
            path = posixpath.dirname(path)

    def _write_other(
        self, member: Member, place: Place, content: Callable[[], Iterator[bytes]]
    ) -> None:
        match member.kind:
            case "symlink":
                os.symlink(member.target, place.name, dir_fd=place.directory)
                self._own(place, member)
            case "hardlink":
                self._link(member, place)
            case _:
                fd = os.open(place.name, _NEW_FILE, 0o600, dir_fd=place.directory)
                with open(fd, "wb") as file:  # noqa: PTH123 - from a descriptor
                    file.writelines(content())
                self._dress(place, member)

    def _link(self, member: Member, place: Place) -> None:
        held = os.dup(place.directory)  # the tree keeps one directory open, and the next is another
        try:
            source = self._tree.place(member.target)
            os.link(
                source.name,
                place.name,
                src_dir_fd=source.directory,
                dst_dir_fd=held,
                follow_symlinks=False,
            )
        except (FileNotFoundError, PermissionError) as error:
            raise ArchiveError(
                f"{member.path!r} is a hard link to {member.target!r}, which is no file here",
                hint="the layer is malformed or hostile: use another base",
            ) from error
        finally:
            os.close(held)

    def _dress(self, place: Place, member: Member) -> None:
        """Set owner, mode and time, in this order, for changing the owner clears mode bits."""
        self._own(place, member)
        mode = member.mode & 0o1777  # never a set-user-id program on the caller's disk
        if not self._keep_owners:
            mode |= 0o700 if member.kind == "directory" else 0o400
        os.chmod(place.name, mode, dir_fd=place.directory)
        time = min(max(member.mtime, 0), _LATEST)
        os.utime(place.name, (time, time), dir_fd=place.directory, follow_symlinks=False)

    def _own(self, place: Place, member: Member) -> None:
        if self._keep_owners:
            os.chown(
                place.name,
                member.uid,
                member.gid,
                dir_fd=place.directory,
                follow_symlinks=False,
            )
