"""A store knows where blobs are that it lacks, for as long as a named image needs them."""

from pathlib import Path

import pytest

from lamina.oci.digest import Digest
from lamina.store.choose import Wishes
from lamina.store.elsewhere import note_places, places_of
from lamina.store.prune import prune
from lamina.store.store import Store
from tests.store.stores import age, keep_image, reopened

BLOB = Digest.of(b"a layer")
NOW = 2_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def test_what_was_said_last_comes_first_and_nothing_comes_twice(store: Store) -> None:
    note_places(store, BLOB, ["r/one", "r/two"])
    note_places(store, BLOB, ["r/three", "r/two"])

    assert places_of(store, BLOB) == ("r/three", "r/two", "r/one")
    assert places_of(store, Digest.of(b"another")) == ()


def test_a_few_places_are_enough(store: Store) -> None:
    for number in range(100):
        note_places(store, BLOB, [f"r/{number}"])

    assert places_of(store, BLOB) == tuple(f"r/{number}" for number in range(99, 91, -1))


def test_a_prune_forgets_places_that_no_named_image_needs(store: Store) -> None:
    digests = []
    for name in ("web:1", ""):
        layer = keep_image(store, name, f"layer of {name}").layers[0].descriptor.digest
        store.blobs.path(layer).unlink()
        note_places(store, layer, ["r/web"])
        digests.append(layer)
    age(store)
    store = reopened(store)

    prune(store, Wishes(now=NOW))

    assert [places_of(store, digest) for digest in digests] == [("r/web",), ()]
