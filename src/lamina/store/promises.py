"""Promises: blobs that are known and not here, brought when somebody asks for their bytes.

A destination that has a layer never asks, so what is promised is mostly never made or fetched.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from lamina.errors import IntegrityError
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.store.blobs import Blobs


@dataclass(frozen=True, slots=True)
class _Promise:
    bring: Callable[[], None]
    lock: threading.Lock = field(default_factory=threading.Lock)


class Promises:
    """The store's blobs, and those that were promised; safe to share between threads."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._promised: dict[Digest, _Promise] = {}

    def promise(self, descriptor: Descriptor, bring: Callable[[], None]) -> None:
        """Say how a blob comes into the store."""
        self._promised.setdefault(descriptor.digest, _Promise(bring))

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob, after bringing it once if need be; the caller closes it.

        Raises what bringing it raises, and ``IntegrityError`` where that made another blob.
        """
        promise = self._promised.get(descriptor.digest)
        if promise is not None and not self._blobs.has(descriptor):
            with promise.lock:
                if not self._blobs.has(descriptor):
                    promise.bring()
            if not self._blobs.has(descriptor):
                raise IntegrityError(
                    "a layer was promised, and making it gave another one",
                    where=str(descriptor.digest),
                    hint="build with --no-cache",
                )
        return self._blobs.open(descriptor)
