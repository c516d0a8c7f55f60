"""Blobs by digest, laid out as in an OCI layout: ``blobs/sha256/<hex>``."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from lamina.durable import incoming
from lamina.errors import ImageError, IntegrityError
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.store.uses import Uses


class Blobs:
    """A directory of blobs; a blob that is there is whole."""

    def __init__(self, directory: Path, ingest: Path, uses: Uses | None = None) -> None:
        self._directory = directory
        self.ingest = ingest
        self._uses = uses

    def path(self, digest: Digest) -> Path:
        """Say where the blob is, or would be."""
        return self._directory / "sha256" / digest.hex

    def has(self, descriptor: Descriptor) -> bool:
        """Say whether the blob is there with the size that ``descriptor`` gives.

        It then stays while this process runs; what is only looked at needs no ``uses``.
        """
        path = self.path(descriptor.digest)
        try:
            is_there = path.stat().st_size == descriptor.size
        except FileNotFoundError:
            return False
        return is_there and (self._uses is None or self._uses.note(path))

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob; the caller closes it.

        Raises ``ImageError`` when it is not there and ``IntegrityError`` when its size is wrong.
        """
        path = self.path(descriptor.digest)
        if self._uses is not None:
            self._uses.note(path)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise ImageError(
                "a blob is missing from the store",
                where=str(path),
                hint="build again, or bring what a registry has with `lamina pull`",
            ) from None
        if os.fstat(file.fileno()).st_size != descriptor.size:
            file.close()
            raise IntegrityError("a blob of the store has the wrong size", where=str(path))
        return file

    def add(self, data: bytes, *, media_type: str) -> Descriptor:
        """Store ``data``, flushed to disk, and describe it."""
        descriptor = Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data))
        if not self.has(descriptor):
            with incoming(self.ingest) as new:
                new.file.write(data)
                new.commit(self.path(descriptor.digest))
        return descriptor


def has_digest(path: Path, digest: Digest) -> bool:
    """Say whether there is a file at ``path`` whose bytes, all of which are read, are ``digest``'s.

    For files that are written without flushing: a crash may leave their name and not their bytes.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest.hex
    except OSError:
        return False
