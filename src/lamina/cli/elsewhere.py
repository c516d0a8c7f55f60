"""Layers of named images that are in registries and not here: noted by builds, read by the rest."""

from collections.abc import Collection, Sequence
from functools import partial

from lamina.cli import wiring
from lamina.cli.registries import OpenClient
from lamina.destinations.reachable import ReachableDestination
from lamina.errors import LaminaError
from lamina.image.blobs import ImageTree
from lamina.oci.descriptor import Descriptor
from lamina.oci.reference import Reference
from lamina.protocols import Content, Destination
from lamina.registry.borrowed import BorrowedContent
from lamina.registry.client import RegistryClient
from lamina.store.elsewhere import places_of
from lamina.store.store import Store


def borrowed(store: Store, insecure: Collection[str]) -> Content:
    """Give the store's blobs, and those that it knows to be in repositories."""

    def open_client(place: str) -> RegistryClient:
        return wiring.registries(insecure)(Reference.parse(place))

    return BorrowedContent(store.blobs, partial(places_of, store), open_client)


def reachable(store: Store, pushed: Sequence[Reference], open_client: OpenClient) -> Destination:
    """Make the destination that a named image goes to at last, when it was ``pushed``."""

    def has(place: str, layer: Descriptor) -> bool:
        try:
            return open_client(Reference.parse(place)).has_blob(layer)
        except LaminaError:
            return False

    return ReachableDestination(store, pushed=[each.place for each in pushed], has=has)


def lenders(tree: ImageTree, store: Store) -> tuple[Reference, ...]:
    """List the repositories that are said to have what the store lacks of an image."""
    missing = (blob for blob in tree.blobs if not store.blobs.has(blob))
    places = (place for blob in missing for place in places_of(store, blob.digest))
    return tuple(map(Reference.parse, dict.fromkeys(places)))
