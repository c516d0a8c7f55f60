"""Reach paths below a directory without ever leaving it, whatever its symbolic links say.

Every step is taken from an open directory and follows no link by itself (``O_NOFOLLOW``); links are
read and walked here, with the tree's root as their root, as they would be inside a container.
"""

import contextlib
import os
import posixpath
import shutil
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from lamina.errors import ArchiveError

_MAX_LINKS = 40  # as the kernel's ELOOP
_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A name in an open directory; ``path`` is the same without links, from the tree's root."""

    directory: int
    name: str
    path: str


class Tree:
    """A directory on this machine taken as the root of an image; a context manager."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._last: tuple[str, int, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._last is not None:
            os.close(self._last[1])
        os.close(self._fd)

    def place(self, path: str, *, create: bool = False) -> Place:
        """Find the directory of ``path``, following links up to it but not ``path`` itself.

        The directory stays open until the next call.  Missing ones are made if ``create``, else
        ``FileNotFoundError``.  ``ArchiveError`` if the way leads through a file or a loop.
        """
        folder, name = posixpath.split(path)
        if self._last is None or self._last[0] != folder:
            fd, real = self._walk(folder, create=create)
            if self._last is not None:
                os.close(self._last[1])
            self._last = (folder, fd, real)
        _, fd, real = self._last
        return Place(directory=fd, name=name, path=posixpath.join(real, name))

    def resolve(self, path: str) -> str | None:
        """Follow all links; the path that ``path`` means, or None if nothing is there."""
        for _ in range(_MAX_LINKS):
            with contextlib.suppress(FileNotFoundError, ArchiveError):
                place = self.place(path.strip("/"))
                if not place.name:
                    return place.path
                mode = os.lstat(place.name, dir_fd=place.directory).st_mode
                if not stat.S_ISLNK(mode):
                    return place.path
                target = os.readlink(place.name, dir_fd=place.directory)
                path = posixpath.join("/", posixpath.dirname(place.path), target)
                continue
            return None
        return None

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        """Read the first ``limit`` bytes of a regular file; None if there is none."""
        real = self.resolve(path)
        if real is None or not real:
            return None
        place = self.place(real)
        mode = os.lstat(place.name, dir_fd=place.directory).st_mode
        if not stat.S_ISREG(mode):
            return None
        fd = os.open(place.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.directory)
        with open(fd, "rb") as file:  # noqa: PTH123 - from a descriptor
            return file.read(limit)

    def names(self, path: str) -> tuple[str, ...]:
        """List a directory, sorted; nothing if there is none."""
        try:
            fd, _ = self._walk(path, create=False)
        except (FileNotFoundError, ArchiveError):
            return ()
        try:
            readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)
            try:
                return tuple(sorted(os.listdir(readable)))  # noqa: PTH208 - from a descriptor
            finally:
                os.close(readable)
        finally:
            os.close(fd)

    def make_directory(self, path: str) -> None:
        """Make a directory and its parents, where they are missing."""
        fd, _ = self._walk(path, create=True)
        os.close(fd)

    def replace_file(self, path: str, data: bytes) -> None:
        """Write a small regular file, in place of what is there."""
        place = self.place(path, create=True)
        self.remove(place)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(place.name, flags, 0o644, dir_fd=place.directory)
        with open(fd, "wb") as file:  # noqa: PTH123 - from a descriptor
            os.fchmod(fd, 0o644)
            file.write(data)

    def remove(self, place: Place) -> None:
        """Delete what is at ``place``, with all that is below it; nothing may be there."""
        mode = self.mode(place)
        if mode is None:
            return
        if not stat.S_ISDIR(mode):
            os.unlink(place.name, dir_fd=place.directory)
            return
        shutil.rmtree(place.name, dir_fd=place.directory)

    def mode(self, place: Place) -> int | None:
        """Say what is at ``place`` (``st_mode``, links not followed); None if nothing is."""
        try:
            return os.lstat(place.name, dir_fd=place.directory).st_mode
        except FileNotFoundError:
            return None

    def _walk(self, path: str, *, create: bool) -> tuple[int, str]:
        """Open the directory ``path``; return its descriptor, which the caller closes, and path."""
        todo = deque(path.split("/"))
        with _Stack(self._fd) as done:
            links = 0
            while todo:
                part = todo.popleft()
                if part == "..":
                    done.up()
                elif part not in ("", "."):
                    target = done.down(part, create=create)
                    links += target is not None
                    if links > _MAX_LINKS:
                        raise ArchiveError(f"{path!r} leads round in circles")
                    if target is not None:
                        if target.startswith("/"):
                            done.to_root()
                        todo.extendleft(reversed(target.split("/")))
            return os.dup(done.top), "/".join(done.names)


class _Stack:
    """The directories open on the way down from the root."""

    def __init__(self, root: int) -> None:
        self._fds = [os.dup(root)]
        self.names: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._fds:
            os.close(fd)

    @property
    def top(self) -> int:
        return self._fds[-1]

    def up(self) -> None:
        if self.names:  # above the root is the root
            self.names.pop()
            os.close(self._fds.pop())

    def to_root(self) -> None:
        while self.names:
            self.up()

    def down(self, name: str, *, create: bool) -> str | None:
        """Go into ``name``, or return where it leads if it is a link."""
        try:
            self._enter(name)
        except FileNotFoundError:
            if not create:
                raise
            os.mkdir(name, dir_fd=self.top)
            os.chmod(name, 0o755, dir_fd=self.top)  # noqa: S103 - as the image's user will need
            self._enter(name)
        except NotADirectoryError:
            try:
                return os.readlink(name, dir_fd=self.top)
            except OSError:
                path = "/".join([*self.names, name])
                raise ArchiveError(f"{path!r} is a file, and something lies below it") from None
        return None

    def _enter(self, name: str) -> None:
        self._fds.append(os.open(name, _STEP, dir_fd=self.top))
        self.names.append(name)


def children(tree: Tree, path: str) -> Iterator[str]:
    """Yield the paths directly below the directory ``path``, sorted."""
    for name in tree.names(path):
        yield posixpath.join(path, name)
