"""Of a wheel on an index only its directory is read, and nothing that is not asked for."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.errors import NetworkError
from lamina.http.client import HttpClient
from lamina.http.settings import HttpSettings
from lamina.layer.zip_directory import ZipDirectory
from lamina.lock.lock import LockedWheel
from lamina.oci.digest import Digest
from lamina.sources.index import IndexSource
from lamina.sources.parts import RemoteFile, WheelParts
from lamina.steps import silent_step
from lamina.store.store import Store
from lamina.testing.loopback import Connection, LoopbackService
from lamina.testing.wheels import ToyWheel

BIG = ToyWheel(
    name="big", files={"noise.bin": os.urandom(3_000_000), "big/__init__.py": b"answer = 42\n"}
)


class Files(LoopbackService):
    """Serves files, and parts of them unless it ``is_whole``; remembers what it sent."""

    def __init__(self, folder: Path, *, is_whole: bool = False) -> None:
        super().__init__()
        self.folder = folder
        self.is_whole = is_whole
        self.sent: list[tuple[str, int]] = []

    def serve(self, connection: Connection) -> None:
        data = (self.folder / connection.route[0].strip("/")).read_bytes()
        wanted = connection.headers.get("Range", "")
        if not wanted or self.is_whole:
            self.sent.append((wanted, len(data)))
            connection.reply(200, {}, data)
            return
        start, stop = map(int, wanted.removeprefix("bytes=").split("-"))
        part = data[start : stop + 1]
        self.sent.append((wanted, len(part)))
        headers = {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(data)}"}
        connection.reply(206, headers, part)


class Flat:
    """A file in memory that says what is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[int, int]] = []

    def size(self, url: str) -> int:
        assert url == "http://127.0.0.1/a"
        return len(self.data)

    def read_range(self, url: str, start: int, stop: int) -> bytes:
        assert url == "http://127.0.0.1/a"
        self.asked.append((start, stop))
        return self.data[start:stop]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def parts(store: Store, *, offline: bool = False) -> WheelParts:
    client = HttpClient(HttpSettings(timeout_s=5))
    return WheelParts(client, IndexSource(client, store), store, offline=offline)


def served(files: Files, wheel: ToyWheel) -> LockedWheel:
    path = wheel.write(files.folder)
    return LockedWheel(
        name=wheel.name,
        version=wheel.version,
        filename=wheel.filename,
        digest=Digest.of(path.read_bytes()),
        size=path.stat().st_size,
        url=f"{files.origin}/{wheel.filename}",
    )


def test_a_wheels_directory_is_read_without_the_wheel(tmp_path: Path, store: Store) -> None:
    with Files(tmp_path / "files") as files:
        wheel = served(files, BIG)

        source = parts(store).open(wheel, silent_step())
        with ZipDirectory(source, name=wheel.filename) as zip_:
            names = [member.name for member in zip_.members]
            fetched = source.fetched

    assert "noise.bin" in names
    assert fetched == 1 << 17
    assert files.sent == [(f"bytes={wheel.size - (1 << 17)}-{wheel.size - 1}", 1 << 17)]
    assert not store.wheel_path(wheel.digest).exists()


def test_a_size_that_the_lock_does_not_say_is_asked_for(tmp_path: Path, store: Store) -> None:
    with Files(tmp_path / "files") as files:
        wheel = replace(served(files, BIG), size=0)

        with ZipDirectory(parts(store).open(wheel, silent_step())) as zip_:
            assert len(zip_.members) == 5


def test_a_server_that_sends_whole_files_gives_the_wheel_to_the_store(
    tmp_path: Path, store: Store
) -> None:
    with Files(tmp_path / "files", is_whole=True) as files:
        wheel = served(files, BIG)

        source = parts(store).open(wheel, silent_step())
        with ZipDirectory(source, name=wheel.filename) as zip_:
            assert len(zip_.members) == 5
        parts(store).open(wheel, silent_step()).close()

    assert source.fetched == wheel.size
    assert store.wheel_path(wheel.digest).exists()
    assert len(files.sent) == 2  # the part that was refused, and the whole


def test_a_wheel_in_the_store_is_read_there(tmp_path: Path, store: Store) -> None:
    wheel = BIG.locked(tmp_path / "wheels")
    IndexSource(HttpClient(HttpSettings()), store).fetch(wheel, silent_step())
    (tmp_path / "wheels" / wheel.filename).unlink()

    with ZipDirectory(parts(store).open(wheel, silent_step())) as zip_:
        assert len(zip_.members) == 5


def test_a_wheel_of_this_machine_is_read_where_it_is(tmp_path: Path, store: Store) -> None:
    wheel = BIG.locked(tmp_path / "wheels")

    with ZipDirectory(parts(store).open(wheel, silent_step())) as zip_:
        assert len(zip_.members) == 5

    assert not store.wheel_path(wheel.digest).exists()


def test_offline_nothing_is_fetched(tmp_path: Path, store: Store) -> None:
    with Files(tmp_path / "files") as files:
        wheel = served(files, BIG)

        with pytest.raises(NetworkError, match="is not in the store"):
            parts(store, offline=True).open(wheel, silent_step())

    assert files.sent == []


def test_nothing_is_fetched_twice() -> None:
    flat = Flat(os.urandom(500_000))
    file = RemoteFile(flat, "http://127.0.0.1/a", 500_000)
    tail = 500_000 - (1 << 17)

    assert file.read(499_000, 1_000) == flat.data[499_000:]
    assert file.read(300_000, 200_000) == flat.data[300_000:]  # the directory is longer
    assert file.read(310_000, 10) == flat.data[310_000:310_010]
    assert file.read(1_000, 30) == flat.data[1_000:1_030]
    assert file.read(1_010, 500) == flat.data[1_010:1_510]
    assert file.read(299_990, 10) == flat.data[299_990:300_000]

    assert flat.asked == [(tail, 500_000), (300_000, tail), (1_000, 17_384), (299_990, 300_000)]
    assert file.fetched == 200_000 + 16_384 + 10


def test_a_small_file_is_read_at_once() -> None:
    flat = Flat(b"0123456789")
    file = RemoteFile(flat, "http://127.0.0.1/a", 10)

    assert [file.read(0, 10), file.read(3, 4), file.read(8, 99)] == [b"0123456789", b"3456", b"89"]
    assert flat.asked == [(0, 10)]
