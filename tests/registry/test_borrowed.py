"""A blob that a store lacks is fetched from the first repository that has it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lamina.errors import ImageError, IntegrityError, NetworkError
from lamina.oci.descriptor import Descriptor
from lamina.registry.borrowed import BorrowedContent
from lamina.registry.client import RegistryClient
from lamina.store.store import Store
from lamina.testing.registry import InMemoryRegistry
from tests.registry.talking import describe, read, talk_to

DATA = b"a layer" * 1000
BLOB = describe(DATA)
AWAY = "away"


@pytest.fixture
def registry() -> Iterator[InMemoryRegistry]:
    with InMemoryRegistry() as found:
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def borrow(registry: InMemoryRegistry, store: Store, *places: str) -> bytes:
    def open_client(place: str) -> RegistryClient:
        return talk_to("127.0.0.1:1" if place == AWAY else registry.address, name=place)

    def places_of(blob: object) -> Sequence[str]:
        return places if blob == BLOB.digest else ()

    return read(BorrowedContent(store.blobs, places_of, open_client).open(BLOB))


def has(store: Store, blob: Descriptor) -> bool:
    return store.blobs.path(blob.digest).exists()


def test_it_is_fetched_once_and_kept(registry: InMemoryRegistry, store: Store) -> None:
    registry.repositories["one"].blobs[BLOB.digest] = DATA

    assert [borrow(registry, store, "one") for _ in range(2)] == [DATA, DATA]

    assert len(registry.requests(path_contains="/blobs/")) == 1


@pytest.mark.parametrize("first", ["empty", "wrong", AWAY])
def test_the_next_place_is_tried_where_one_does_not_give_it_out(
    registry: InMemoryRegistry, store: Store, first: str
) -> None:
    registry.repositories["wrong"].blobs[BLOB.digest] = DATA[:-1] + b"!"
    registry.repositories["one"].blobs[BLOB.digest] = DATA

    assert borrow(registry, store, first, "one") == DATA


@pytest.mark.parametrize(
    ("places", "error", "said"),
    [
        ((), ImageError, "missing from the store"),
        (("empty",), ImageError, "no longer in the registry"),
        (("empty", AWAY), NetworkError, "127.0.0.1:1|cannot|refused"),
        (("wrong",), IntegrityError, "does not have its digest"),
    ],
)
def test_what_nobody_gives_out_is_an_error_and_nothing_is_kept(
    registry: InMemoryRegistry,
    store: Store,
    places: tuple[str, ...],
    error: type[Exception],
    said: str,
) -> None:
    registry.repositories["wrong"].blobs[BLOB.digest] = DATA[:-1] + b"!"

    with pytest.raises(error, match=said):
        borrow(registry, store, *places)

    assert not has(store, BLOB)
