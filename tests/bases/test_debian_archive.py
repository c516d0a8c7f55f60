"""The archive behind a base: what it said before is remembered, and it may not go back on it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lamina.bases import debian_archive
from lamina.bases.debian_archive import DebianArchive
from lamina.errors import IntegrityError, NetworkError
from lamina.oci.digest import Digest
from lamina.store.store import Store
from lamina.testing.debian_archive import ToyArchive, minimal_base

NOW = 1_788_000_000.0  # 29 August 2026
OLD, NEW = "Sat, 01 Aug 2026 12:00:00 UTC", "Sun, 02 Aug 2026 12:00:00 UTC"


@dataclass(frozen=True)
class Client:
    """Downloads from a toy archive."""

    archive: ToyArchive

    def download(
        self,
        url: str,
        path: Path,
        *,
        expected: Digest | None = None,
        size: int | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> int:
        del expected, size, progress
        if url not in self.archive.files:
            raise NetworkError("404 Not Found", where=url)
        return path.write_bytes(self.archive.files[url])

    def size(self, url: str) -> int:
        return len(self.archive.files[url])


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyArchive:
    monkeypatch.setattr(debian_archive, "HELPER", tmp_path / "no helper")
    made = ToyArchive(tmp_path)
    made.sources_file()
    return made


def select(toy: ToyArchive, store: Store) -> tuple[tuple[str, int], ...]:
    archive = DebianArchive(store, Client(toy), clock=lambda: NOW, apt_root=toy.directory)
    return archive.select("toy", "amd64", ()).released


def test_a_release_may_not_be_older_than_that_of_an_earlier_run(
    tmp_path: Path, toy: ToyArchive
) -> None:
    """Somebody who replays a signed but old Release would bring back holes that are closed."""
    store = Store.open(tmp_path / "store")
    toy.publish(minimal_base(), release={"Date": NEW})
    seen = select(toy, store)
    toy.publish(minimal_base(), release={"Date": OLD})

    with pytest.raises(IntegrityError, match="back in time"):
        select(toy, store)

    toy.publish(minimal_base(), release={"Date": NEW})
    assert select(toy, store) == seen


def test_another_archive_has_dates_of_its_own(tmp_path: Path, toy: ToyArchive) -> None:
    """A third party's suite of the same name, or another mirror, may be older."""
    store = Store.open(tmp_path / "store")
    toy.publish(minimal_base(), release={"Date": NEW})
    select(toy, store)
    toy.uri = "http://other.invalid/debian"
    toy.sources_file()
    toy.publish(minimal_base(), release={"Date": OLD})

    assert select(toy, store) == (("toy", 1785585600),)


def test_an_archive_that_moves_on_is_followed(tmp_path: Path, toy: ToyArchive) -> None:
    store = Store.open(tmp_path / "store")
    toy.publish(minimal_base(), release={"Date": OLD})
    select(toy, store)
    toy.publish(minimal_base(), release={"Date": NEW})

    assert select(toy, store) == (("toy", 1785672000),)
