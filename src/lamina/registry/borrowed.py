"""Borrowed: a store's blobs, and those that repositories are said to have, fetched when needed."""

from collections.abc import Callable, Sequence
from typing import BinaryIO

from lamina.errors import ImageError, IntegrityError, NetworkError
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.registry.client import RegistryClient
from lamina.registry.error import MissingError
from lamina.registry.fetch import BlobKeeper, keep
from lamina.registry.pull import RemoteContent


class BorrowedContent:
    """The blobs of a store; ``places`` says where those may be that it lacks.

    What is fetched is checked and stays in the store.
    """

    def __init__(
        self,
        blobs: BlobKeeper,
        places: Callable[[Digest], Sequence[str]],
        open_client: Callable[[str], RegistryClient],
    ) -> None:
        self._blobs = blobs
        self._places = places
        self._open_client = open_client

    def open(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob, after fetching it if need be; the caller closes it.

        Raises ``ImageError`` where nobody has it, and what fetching it raises.
        """
        if not self._blobs.has(descriptor) and (places := self._places(descriptor.digest)):
            self._fetch(descriptor, places)
        return self._blobs.open(descriptor)

    def _fetch(self, descriptor: Descriptor, places: Sequence[str]) -> None:
        """Try one place after the other; one that does not work may hide that it has the blob."""
        failures: list[NetworkError | IntegrityError] = []
        for place in places:
            try:
                keep(RemoteContent(self._open_client(place)), descriptor, self._blobs)
            except MissingError:
                continue
            except (NetworkError, IntegrityError) as error:
                failures.append(error)
            else:
                return
        if failures:
            raise failures[0]
        raise ImageError(
            "a layer of the image is not in the store, and no longer in the registry",
            where=str(descriptor.digest),
            hint="make it with `lamina build` and the image's name",
            why=f"it was in {', '.join(places)}",
        )
