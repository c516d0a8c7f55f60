"""Elsewhere: which repositories have blobs that the store knows and lacks.

A build that was told of a layer names an image with it, and the next command has to find its bytes.
"""

from collections.abc import Sequence
from typing import Final

from lamina.oci.digest import Digest
from lamina.store.store import ELSEWHERE, Store

_MOST: Final = 8


def note_places(store: Store, blob: Digest, places: Sequence[str]) -> None:
    """Remember repositories, as ``registry/repository``, that have ``blob``: the best first."""
    known = places_of(store, blob)
    found = tuple(dict.fromkeys((*places, *known)))[:_MOST]
    if found != known:
        store.remember(ELSEWHERE, str(blob), list(found))


def places_of(store: Store, blob: Digest) -> tuple[str, ...]:
    """List the repositories that are said to have ``blob``; nothing says that they still do."""
    row = store.recall(ELSEWHERE, str(blob))
    return tuple(map(str, row)) if isinstance(row, list) else ()
