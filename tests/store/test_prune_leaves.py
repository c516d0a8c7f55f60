"""What a prune has to leave: images whose name came into use, dates, and what will not go."""

import errno
import os
from pathlib import Path

import pytest

from lamina.bases import debian_archive
from lamina.errors import IntegrityError
from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest
from lamina.store import prune as module
from lamina.store.choose import Wishes
from lamina.store.prune import prune
from lamina.store.stock import Item, Kind
from lamina.store.store import Store
from lamina.store.table import row_name
from lamina.store.take_stock import take_stock
from lamina.testing.debian_archive import ToyArchive, minimal_base
from tests.bases.test_debian_archive import NEW, OLD, select
from tests.store.stores import age, keep_image, keep_wheel, loose_layer, reopened

EVERYTHING = Wishes(now=2_000_000_000, named=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def refuse(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> None:
    """Let the disk refuse to remove some files, as it does with immutable ones."""
    unlink = Path.unlink

    def refusing(path: Path, *, missing_ok: bool = False) -> None:
        if path in paths:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)


def name_row(store: Store, name: str) -> Path:
    (found,) = (item for item in take_stock(store).items if item.name == name)
    return found.path


def test_an_image_stays_whole_when_its_name_came_into_use_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process reads the name after the decision, and asks for no blob before the end."""
    image = keep_image(store, "web:1", "one", "two")
    keep_image(store, "web:2", "one", "three")
    age(store)
    store = reopened(store)
    remove = module._remove
    others: list[Store] = []

    def late(item: Item, store: Store) -> bool:
        if not others:
            others.append(Store.open(store.root))
            assert others[0].recall("name", "web:1")
        return remove(item, store)

    monkeypatch.setattr(module, "_remove", late)

    pruned = prune(store, EVERYTHING)

    stock = take_stock(store)
    assert [item.name for item in stock.items if item.kind is Kind.NAME] == ["web:1"]
    assert stock.broken == ()
    assert all(others[0].find_layer(f"key of {layer.diff_id}") for layer in image.layers)
    assert others[0].blobs.has(image.config)
    assert {item.path for item in pruned.in_use} == {item.path for item in stock.items}
    assert len(stock.items) == 1 + 4 + 4


def test_an_image_stays_whole_when_its_name_cannot_be_removed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = keep_image(store, "web:1", "one")
    store = reopened(store)
    row = name_row(store, "web:1")
    refuse(monkeypatch, row)

    pruned = prune(store, EVERYTHING)

    assert pruned.gone == ()
    assert [stuck.where for stuck in pruned.stuck] == [str(row)]
    assert store.find_layer(f"key of {image.layers[0].diff_id}") is not None
    assert take_stock(store).broken == ()


def test_what_cannot_be_removed_keeps_nothing_else_from_going(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = [keep_wheel(store, data) for data in (b"one", b"two", b"three")]
    store = reopened(store)
    refuse(monkeypatch, wheels[0], wheels[1])

    pruned = prune(store, EVERYTHING)

    assert [item.path for item in pruned.gone] == [wheels[2]]
    assert {(stuck.where, stuck.why) for stuck in pruned.stuck} == {
        (str(wheel), "Operation not permitted") for wheel in wheels[:2]
    }
    assert pruned.in_use == ()


def test_what_describes_a_blob_that_cannot_be_removed_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blob without its rows would be shared with registries as an empty layer."""
    layer = loose_layer(store, "loose")
    store = reopened(store)
    refuse(monkeypatch, store.blobs.path(layer.descriptor.digest))

    pruned = prune(store, EVERYTHING)

    assert pruned.gone == ()
    assert store.find_layer(f"key of {layer.diff_id}") is not None


def test_of_a_folder_goes_all_that_can_and_the_rest_is_told_where_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of another user in it cannot be emptied, whatever we try."""
    root = store.root / "toolchains" / ("a" * 64)
    for name in ("bin", "foreign", "usr"):
        (root / name).mkdir(parents=True)
        (root / name / "file").write_text("x")
    store = reopened(store)
    unlink, chmod = os.unlink, Path.chmod

    def refusing(path: str, *, dir_fd: int | None = None) -> None:
        folder = os.readlink(f"/proc/self/fd/{dir_fd}") if dir_fd else os.path.dirname(path)  # noqa: PTH115, PTH120
        if folder.endswith("/foreign"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        unlink(path, dir_fd=dir_fd)

    def unowned(path: Path, mode: int) -> None:
        if path.name == "foreign":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        chmod(path, mode)

    with monkeypatch.context() as patch:
        patch.setattr("os.unlink", refusing)
        patch.setattr(Path, "chmod", unowned)
        pruned = prune(store, EVERYTHING)

    (left,) = store.ingest.iterdir()
    assert not root.exists()
    assert [(stuck.where, stuck.why) for stuck in pruned.stuck] == [
        (str(left), "Permission denied")
    ]
    assert [path.name for path in left.iterdir()] == ["foreign"]


def test_a_folder_whose_modes_are_another_users_goes_where_the_disk_allows_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty folder of another user can be removed, though its modes cannot be changed."""
    (store.root / "toolchains" / ("a" * 64) / "foreign").mkdir(parents=True)
    store = reopened(store)

    def unowned(path: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, f"{os.strerror(errno.EPERM)} {mode}", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "chmod", unowned)
        pruned = prune(store, EVERYTHING)

    assert pruned.stuck == ()
    assert list(store.ingest.iterdir()) == []


def test_a_release_may_not_go_back_in_time_after_a_prune(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dates that were seen cannot be made again, and a replayed Release would be believed."""
    monkeypatch.setattr(debian_archive, "HELPER", tmp_path / "no helper")
    toy = ToyArchive(tmp_path)
    toy.sources_file()
    toy.publish(minimal_base(), release={"Date": NEW})
    select(toy, store)
    toy.publish(minimal_base(), release={"Date": OLD})
    store = reopened(store)

    pruned = prune(store, EVERYTHING)

    assert pruned.gone != ()
    assert take_stock(store).unknown == ()
    with pytest.raises(IntegrityError, match="back in time"):
        select(toy, store)


def test_a_date_that_was_written_before_rows_had_keys_stays(store: Store) -> None:
    """Its topic is not known, so what holds a number alone counts as one."""
    body = canonical_json(1_785_672_000)
    row = store.root / "memory" / row_name("debian release date\nsome archive")
    row.parent.mkdir()
    row.write_bytes(f"{Digest.of(body).hex}\n".encode() + body)
    store.remember("other", "number", 7)
    store = reopened(store)

    pruned = prune(store, EVERYTHING)

    assert [item.kind for item in pruned.gone] == [Kind.FACT]
    assert store.recall("debian release date", "some archive") == 1_785_672_000
