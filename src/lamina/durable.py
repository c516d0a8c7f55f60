"""Durable writing: a file appears under its name whole and flushed, or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lamina.errors import StoreError

READ_ONLY = 0o444


class Incoming:
    """A file being written; it has no name until :meth:`commit` gives it one."""

    def __init__(self, file: BinaryIO, partial: Path) -> None:
        self.file = file
        self.partial = partial

    def commit(self, destination: Path, *, durable: bool = True, mode: int = READ_ONLY) -> None:
        """Give the file its name, in containerd's order: flush, seal, rename, flush the directory.

        ``durable=False`` leaves the flushing out, for files that are verified at every use.
        """
        self.file.flush()
        os.fchmod(self.file.fileno(), mode)
        if durable:
            os.fsync(self.file.fileno())
        destination.parent.mkdir(parents=True, exist_ok=True)
        self.partial.replace(destination)  # atomic: readers see all of a file or none of it
        if durable:
            _flush_directory(destination.parent)


@contextmanager
def incoming(directory: Path) -> Iterator[Incoming]:
    """Open a new file in ``directory``, which disappears unless it is committed.

    Raises ``StoreError`` when the disk refuses.
    """
    partial = directory / secrets.token_hex(12)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with partial.open("x+b") as file:
            yield Incoming(file, partial)
    except OSError as error:
        raise StoreError(
            f"cannot write: {error.strerror or error}",
            where=str(directory),
            hint="free some space, or choose another place (for the store: LAMINA_STORE)",
        ) from error
    finally:
        with contextlib.suppress(OSError):  # a disk that refuses refuses this as well
            partial.unlink()


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
