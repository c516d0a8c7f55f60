"""The store holds what is whole, forgets what is damaged, and refuses what is not its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.errors import ImageError, IntegrityError, StoreError
from lamina.layer.contents import Contents, Item
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.store.location import store_location
from lamina.store.store import Store

CONTENTS = Contents(items=(Item("a.py", "file", 0o644, 3, "ab", "", "toy 1.0"),))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def keep_layer(store: Store, key: str = "key", data: bytes = b"layer") -> Layer:
    descriptor = store.blobs.add(data, media_type=media_type.LAYER_GZIP)
    layer = Layer(descriptor=descriptor, diff_id=Digest.of(b"tar"), created_by="lamina: toy")
    store.remember_layer(key, layer, CONTENTS)
    return layer


def only_file(folder: Path) -> Path:
    (path,) = (path for path in folder.rglob("*") if path.is_file())
    return path


def test_a_new_store_is_private(store: Store) -> None:
    assert store.root.stat().st_mode & 0o777 == 0o700
    assert (store.root / "version").read_text() == "1\n"


def test_an_open_store_is_opened_again(store: Store) -> None:
    store.remember("topic", "key", {"a": [1]})

    again = Store.open(store.root)

    assert again.recall("topic", "key") == {"a": [1]}
    assert again.recall("topic", "other") is None
    assert again.recall("other", "key") is None


def test_a_store_of_another_user_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(folder, 12345, -1)

    with pytest.raises(StoreError, match="belongs to another user"):
        Store.open(folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("version", [b"2\n", b"1.1", b"\xff\xfe", b"a" * 100])
def test_a_newer_or_unknown_store_is_refused(tmp_path: Path, version: bytes) -> None:
    (tmp_path / "version").write_bytes(version)

    with pytest.raises(StoreError, match="this Lamina knows 1"):
        Store.open(tmp_path)


@pytest.mark.parametrize("version", [b"", b"\n"])
def test_a_version_cut_short_by_a_crash_is_written_again(tmp_path: Path, version: bytes) -> None:
    (tmp_path / "version").write_bytes(version)

    Store.open(tmp_path)

    assert (tmp_path / "version").read_text() == "1\n"


def test_a_file_in_place_of_the_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for path in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(StoreError, match="cannot open the store"):
            Store.open(path)


def test_a_blob_is_found_by_its_digest(store: Store) -> None:
    descriptor = store.blobs.add(b"data", media_type="text/plain")

    with store.blobs.open(descriptor) as file:
        data = file.read()

    assert data == b"data"
    assert store.blobs.has(descriptor)
    assert only_file(store.root / "blobs").name == Digest.of(b"data").hex
    assert only_file(store.root / "blobs").stat().st_mode & 0o777 == 0o444
    assert store.blobs.add(b"data", media_type="text/plain") == descriptor


def test_a_blob_cut_short_is_not_there_and_is_mended_when_it_comes_again(store: Store) -> None:
    descriptor = store.blobs.add(b"data", media_type="text/plain")
    path = only_file(store.root / "blobs")
    path.unlink()
    path.write_bytes(b"dat")

    was_there = store.blobs.has(descriptor)
    with pytest.raises(IntegrityError, match="wrong size"):
        store.blobs.open(descriptor)
    store.blobs.add(b"data", media_type="text/plain")

    assert not was_there
    assert path.read_bytes() == b"data"


def test_a_blob_that_is_missing_is_named(store: Store) -> None:
    descriptor = Descriptor(media_type="text/plain", digest=Digest.of(b"x"), size=1)

    assert not store.blobs.has(descriptor)
    with pytest.raises(ImageError, match="missing from the store"):
        store.blobs.open(descriptor)


def test_a_layer_is_found_by_its_key_with_what_it_holds(store: Store) -> None:
    layer = keep_layer(store)

    assert store.find_layer("key") == (layer, CONTENTS)
    assert store.has_layer("key")
    assert store.contents(layer) == CONTENTS
    assert store.find_layer("other") is None
    assert not store.has_layer("other")


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "folder", "gone"])
@pytest.mark.parametrize("table", ["layers", "contents", "blobs"])
def test_a_layer_with_a_damaged_part_counts_as_absent(
    store: Store, table: str, damage: str
) -> None:
    layer = keep_layer(store)
    path = only_file(store.root / table)
    data = path.read_bytes()
    path.unlink()
    match damage:
        case "cut":
            path.write_bytes(data[:-1])
        case "flip":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "empty":
            path.write_bytes(b"")
        case "folder":
            path.mkdir()
        case _:
            pass

    found = store.find_layer("key")

    assert store.has_layer("key") == (found is not None)
    if (table, damage) == ("blobs", "flip"):
        assert found is not None  # its bytes are compared with its digest when it is copied
    else:
        assert found is None
        assert table == "blobs" or store.contents(layer) in {Contents(), CONTENTS}


def test_a_damaged_memory_is_forgotten_and_can_be_written_again(store: Store) -> None:
    store.remember("topic", "key", 1)
    path = only_file(store.root / "memory")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"2")

    forgotten = store.recall("topic", "key")
    store.remember("topic", "key", 3)

    assert forgotten is None
    assert store.recall("topic", "key") == 3


def test_keys_cannot_leave_the_store(store: Store) -> None:
    store.remember("../../topic", "../../../etc/passwd\0", 1)

    assert store.recall("../../topic", "../../../etc/passwd\0") == 1
    assert only_file(store.root / "memory").parent == store.root / "memory"


def test_processes_that_open_a_new_store_at_once_all_get_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lamina.store.store import Store\n"
        "print(flush=True); sys.stdin.readline()\n"
        "for n in range(50): Store.open(Path(sys.argv[1]) / str(n))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in started:
        assert process.stdout
        process.stdout.readline()

    results = []
    for process in started:
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in started:
        _, errors = process.communicate(timeout=30)
        results.append((process.returncode, errors))

    assert results == [(0, b"")] * 4


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"LAMINA_STORE": "/x/store", "XDG_CACHE_HOME": "/c"}, "/x/store"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/lamina"),
    ],
)
def test_the_store_is_where_the_environment_says(environment: dict[str, str], path: str) -> None:
    assert store_location(environment) == Path(path)


def test_the_store_is_in_the_home_directory_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    assert store_location({}) == Path("/home/me/.cache/lamina")


def test_a_relative_store_is_made_absolute() -> None:
    assert store_location({"LAMINA_STORE": "x"}) == Path.cwd() / "x"


def test_no_home_at_all_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> None:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)

    with pytest.raises(StoreError, match="no home directory"):
        store_location({})
