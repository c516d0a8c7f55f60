"""Wheels come once from where the lock says, whole and checked, into the store."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.errors import IntegrityError, NetworkError
from lamina.events import Event, Outcome, StepFinished, StepProgressed, WheelFetched
from lamina.lock.lock import LockedSdist, LockedWheel
from lamina.oci.digest import Digest
from lamina.sources.index import IndexSource
from lamina.steps import Step, silent_step
from lamina.store.store import Store
from lamina.testing.wheels import ToyWheel


class Downloads:
    """A client with one file, which counts and can fail half-way."""

    def __init__(self, data: bytes = b"wheel") -> None:
        self.data = data
        self.asked: list[str] = []
        self.error: Exception | None = None

    def download(
        self,
        url: str,
        path: Path,
        *,
        expected: Digest | None = None,
        size: int | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> int:
        self.asked.append(url)
        assert size is None or size == len(self.data)
        path.write_bytes(self.data)
        progress(len(self.data))
        if self.error is not None:
            raise self.error
        assert expected == Digest.of(self.data)
        return len(self.data)

    def size(self, url: str) -> int:
        self.asked.append(url)
        return len(self.data)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


@pytest.fixture
def client() -> Downloads:
    return Downloads()


@pytest.fixture
def local(tmp_path: Path) -> LockedWheel:
    return ToyWheel().locked(tmp_path / "wheels dir")


REMOTE = LockedWheel(
    name="toy",
    version="1.0",
    filename="toy-1.0-py3-none-any.whl",
    digest=Digest.of(b"wheel"),
    size=5,
    url="https://x.example/toy-1.0-py3-none-any.whl",
)


def litter(store: Store) -> list[Path]:
    return list(store.ingest.iterdir()) if store.ingest.exists() else []


def test_a_wheel_is_downloaded_once(store: Store, client: Downloads) -> None:
    source = IndexSource(client, store)
    events: list[Event] = []
    step = Step("", events.append, lambda: 0.0)

    first = source.fetch(REMOTE, step.child("one"))
    second = source.fetch(REMOTE, step.child("two"))

    assert first == second == store.wheel_path(REMOTE.digest)
    assert first.read_bytes() == b"wheel"
    assert client.asked == [REMOTE.url]
    assert [e.size for e in events if isinstance(e, WheelFetched)] == [5, 0]
    assert [e.total for e in events if isinstance(e, StepProgressed)] == [5]
    outcomes = [e.outcome for e in events if isinstance(e, StepFinished)]
    assert outcomes == [Outcome.DONE, Outcome.CACHED]


def test_a_wheel_of_this_machine_is_copied_and_checked(store: Store, local: LockedWheel) -> None:
    """Its folder has a space in its name, which the address spells %20."""
    source = IndexSource(Downloads(), store, offline=True)

    path = source.fetch(local, silent_step())

    assert "%20" in local.url
    assert Digest.of(path.read_bytes()) == local.digest


def test_a_file_that_is_not_the_locked_one_is_not_kept(store: Store, local: LockedWheel) -> None:
    wrong = replace(local, digest=Digest.of(b"other"))

    with pytest.raises(IntegrityError, match="is not the file that the lock names"):
        IndexSource(Downloads(), store).fetch(wrong, silent_step())
    assert not store.wheel_path(wrong.digest).exists()
    assert litter(store) == []


@pytest.mark.parametrize("url", ["file:///nothing/toy-1.0-py3-none-any.whl", ""])
def test_a_file_that_is_away_is_named(store: Store, url: str) -> None:
    source = IndexSource(Downloads(), store)
    lost = replace(REMOTE, url=url, size=0)

    for attempt in (lambda: source.fetch(lost, silent_step()), lambda: source.measure(lost)):
        with pytest.raises(NetworkError, match=r"toy-1\.0-py3-none-any\.whl cannot be read"):
            attempt()


def test_a_failed_download_leaves_nothing_and_works_the_next_time(
    store: Store, client: Downloads
) -> None:
    source = IndexSource(client, store)
    client.error = NetworkError("gone")

    with pytest.raises(NetworkError):
        source.fetch(REMOTE, silent_step())
    left = litter(store)
    client.error = None

    assert left == []
    assert source.fetch(REMOTE, silent_step()).read_bytes() == b"wheel"


@pytest.mark.parametrize("damage", [b"", b"whee", b"wheeL", b"wheels"])
def test_a_stored_wheel_that_a_crash_spoiled_is_fetched_again(
    store: Store, client: Downloads, damage: bytes
) -> None:
    """Wheels are not flushed one by one, so a name in the store promises nothing."""
    path = store.wheel_path(REMOTE.digest)
    path.parent.mkdir()
    path.write_bytes(damage)

    IndexSource(client, store).fetch(REMOTE, silent_step())

    assert path.read_bytes() == b"wheel"


def test_offline_takes_what_the_store_has_and_names_what_it_lacks(
    store: Store, client: Downloads
) -> None:
    offline = IndexSource(client, store, offline=True)

    with pytest.raises(NetworkError, match="is not in the store"):
        offline.fetch(REMOTE, silent_step())
    with pytest.raises(NetworkError, match="is not in the store"):
        offline.measure(replace(REMOTE, size=0))
    IndexSource(client, store).fetch(REMOTE, silent_step())

    assert offline.fetch(REMOTE, silent_step()).exists()
    assert offline.measure(replace(REMOTE, size=0)) == 5


def test_a_size_is_taken_from_the_lock_the_store_the_disk_or_the_server(
    store: Store, client: Downloads, local: LockedWheel
) -> None:
    source = IndexSource(client, store)

    assert source.measure(replace(REMOTE, size=7)) == 7
    assert source.measure(replace(local, size=0)) == local.size
    assert client.asked == []
    assert source.measure(replace(REMOTE, size=0)) == 5
    assert client.asked == [REMOTE.url]


def test_a_download_of_unknown_size_is_not_held_to_one(store: Store, client: Downloads) -> None:
    assert IndexSource(client, store).fetch(replace(REMOTE, size=0), silent_step()).exists()


def test_sdists_are_kept_apart_from_wheels(store: Store, client: Downloads) -> None:
    sdist = LockedSdist(
        name="toy",
        version="1.0",
        filename="toy-1.0.tar.gz",
        digest=Digest.of(b"wheel"),
        size=5,
        url="https://x.example/toy-1.0.tar.gz",
    )

    path = IndexSource(client, store).fetch_sdist(sdist, silent_step())

    assert path == store.root / "files" / sdist.digest.hex
    assert path.read_bytes() == b"wheel"
