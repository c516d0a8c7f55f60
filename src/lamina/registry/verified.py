"""VerifiedReader: a blob that is read for sending, checked against its descriptor on the way."""

import hashlib
import io
from collections.abc import Callable
from typing import BinaryIO

from lamina.errors import IntegrityError, StoreError
from lamina.oci.descriptor import Descriptor


class VerifiedReader(io.RawIOBase):
    """Exactly the bytes that ``descriptor`` promises; it closes ``source`` with itself.

    Reading raises ``IntegrityError`` before the last wrong byte is out, and ``StoreError`` where
    the disk fails, so that neither is taken for a broken connection.  ``progress`` is told how
    many bytes were read.
    """

    def __init__(
        self, source: BinaryIO, descriptor: Descriptor, progress: Callable[[int], None]
    ) -> None:
        super().__init__()
        self._source = source
        self._descriptor = descriptor
        self._progress = progress
        self._hasher = hashlib.sha256()
        self._position = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read some bytes, 0 at the end."""
        left = self._descriptor.size - self._position
        wanted = min(len(buffer), left)
        data = self._read(wanted) if wanted else b""
        if wanted and not data:
            raise self._wrong(f"ends after {self._position} of {self._descriptor.size} bytes")
        self._hasher.update(data)
        self._position += len(data)
        if len(data) == left and self._hasher.hexdigest() != self._descriptor.digest.hex:
            raise self._wrong("does not have its digest")
        buffer[: len(data)] = data
        self._progress(self._position)
        return len(data)

    def close(self) -> None:
        """Close the source, too."""
        self._source.close()
        super().close()

    def _read(self, limit: int) -> bytes:
        try:
            return self._source.read(limit)
        except OSError as error:
            raise StoreError(
                f"cannot read: {error.strerror or error}", where=str(self._descriptor.digest)
            ) from error

    def _wrong(self, what: str) -> IntegrityError:
        name = getattr(self._source, "name", None)
        return IntegrityError(
            f"a blob {what}",
            where=name if isinstance(name, str) else str(self._descriptor.digest),
            hint="delete it, and build again with --no-cache",
        )
