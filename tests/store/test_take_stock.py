"""Stock is taken of everything in the store's folder, and using nothing of it."""

import errno
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from lamina.errors import StoreError
from lamina.image.blobs import documents
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.store.stock import Kind, Stock
from lamina.store.store import Store
from lamina.store.table import row_name
from lamina.store.take_stock import take_stock
from lamina.testing.images import Memory, toy_image
from tests.store.stores import (
    LONG_AGO,
    age,
    keep_image,
    keep_wheel,
    loose_layer,
    on_disk,
    reopened,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def kinds(stock: Stock) -> dict[Kind, int]:
    return dict(Counter(item.kind for item in stock.items))


def needs(stock: Stock, name: str) -> frozenset[Path]:
    (found,) = (item for item in stock.items if item.kind is Kind.NAME and item.name == name)
    return found.needs


def test_an_empty_store_holds_nothing(store: Store) -> None:
    assert take_stock(store) == Stock(items=())


def test_every_file_of_the_store_is_counted_by_kind(store: Store) -> None:
    keep_image(store, "web:1", "one", "two")
    loose_layer(store, "loose")
    keep_wheel(store, b"wheel")
    store.remember("topic", "key", 1)
    for name in ("files", "debian", "toolchains", "rootfs"):
        (store.root / name).mkdir()
    (store.root / "files" / ("a" * 64)).write_text("sdist")
    (store.root / "debian" / ("a" * 64)).write_text("package")
    (store.root / "debian" / f"url-{'a' * 64}").write_text("index")
    (store.root / "toolchains" / ("a" * 64)).mkdir()
    (store.root / "rootfs" / "rootfs-x").mkdir()
    (store.ingest / ("a" * 24)).write_text("part")

    stock = take_stock(store)

    assert kinds(stock) == {
        Kind.BLOB: 5,
        Kind.WHEEL: 1,
        Kind.SDIST: 1,
        Kind.PACKAGE: 2,
        Kind.TOOLCHAIN: 1,
        Kind.LAYER_ROW: 6,
        Kind.FACT: 1,
        Kind.NAME: 1,
        Kind.LEFTOVER: 2,
    }
    assert stock.unknown == ()


def test_sizes_are_those_of_the_disk(store: Store) -> None:
    keep_image(store, "web:1", "one", "two")
    keep_wheel(store, b"wheel" * 5000)
    folder = store.ingest / "buildkit-x" / "inner"
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(b"x" * 9000)
    (folder / "again").hardlink_to(folder / "file")

    stock = take_stock(store)

    folders = [folder, folder.parent]
    assert stock.size == (
        on_disk(store.root)
        - (store.root / "version").stat().st_blocks * 512
        - (folder / "again").stat().st_blocks * 512
        + sum(path.stat().st_blocks * 512 for path in folders)
    )


def test_a_named_image_needs_its_manifest_config_and_layers(store: Store) -> None:
    image = keep_image(store, "web:1", "one", "two")
    loose_layer(store, "loose")

    needed = needs(take_stock(store), "web:1")

    digests = [image.descriptor.digest, image.config.digest]
    digests += [layer.descriptor.digest for layer in image.layers]
    assert needed == {store.blobs.path(digest) for digest in digests}


def test_an_index_needs_the_images_of_all_platforms(store: Store) -> None:
    memory = Memory()
    images: list[Image] = [
        toy_image(memory, "layer", architecture=name) for name in ("amd64", "arm64")
    ]
    index = Index(images=tuple(images))
    for descriptor, data in documents(index).items():
        store.blobs.add(data, media_type=descriptor.media_type)
    store.remember("name", "web:1", index.descriptor.to_json())

    needed = needs(take_stock(store), "web:1")

    assert {store.blobs.path(d.digest) for d in documents(index)} < needed
    assert store.blobs.path(images[1].layers[0].descriptor.digest) in needed


def test_a_name_without_its_manifest_is_told(store: Store) -> None:
    image = keep_image(store, "web:1", "one")
    store.blobs.path(image.descriptor.digest).unlink()

    stock = take_stock(store)

    assert stock.broken == ("web:1",)
    assert needs(stock, "web:1") == {store.blobs.path(image.descriptor.digest)}


def test_a_manifest_with_other_bytes_is_not_believed(store: Store) -> None:
    image = keep_image(store, "web:1", "one")
    path = store.blobs.path(image.descriptor.digest)
    path.chmod(0o644)
    path.write_bytes(b"{" + b" " * (image.descriptor.size - 2) + b"}")

    assert take_stock(store).broken == ("web:1",)


def test_a_name_that_was_written_before_rows_had_keys_counts(store: Store) -> None:
    """Its text is not known, and its blobs are."""
    image = keep_image(store, "", "one")
    body = json.dumps(image.descriptor.to_json(), separators=(",", ":"), sort_keys=True).encode()
    row = store.root / "memory" / row_name("name\nweb:1")
    row.parent.mkdir()
    row.write_bytes(f"{Digest.of(body).hex}\n".encode() + body)

    assert store.recall("name", "web:1") == image.descriptor.to_json()
    assert len(needs(take_stock(store), "")) == 3


def test_what_others_put_into_the_folder_is_not_ours(store: Store) -> None:
    keep_wheel(store, b"wheel")
    strange = [
        store.root / "notes.txt",
        store.root / "wheels" / "mine.whl",
        store.root / "wheels" / f"{'a' * 63}.whl",
        store.ingest / "report.md",
    ]
    for path in strange:
        path.write_text("mine")
    folder = store.root / "wheels" / f"{'b' * 64}.whl"
    folder.mkdir()
    link = store.root / "wheels" / f"{'c' * 64}.whl"
    link.symlink_to(store.root / "notes.txt")
    (store.root / "blobs" / "sha512").mkdir(parents=True)

    stock = take_stock(store)

    assert set(stock.unknown) == {*strange, folder, link, store.root / "blobs" / "sha512"}
    assert kinds(stock) == {Kind.WHEEL: 1}


def test_taking_stock_uses_nothing(store: Store) -> None:
    keep_image(store, "web:1", "one")
    age(store)
    store = reopened(store)

    take_stock(store)

    files = [path for path in (store.root / "blobs").rglob("*") if path.is_file()]
    files += (store.root / "memory").iterdir()
    assert {path.stat().st_mtime for path in files} == {LONG_AGO}


def test_a_folder_that_cannot_be_listed_is_an_error(store: Store) -> None:
    (store.root / "wheels").write_text("no folder")

    with pytest.raises(StoreError, match="the store cannot be read: Not a directory"):
        take_stock(store)


def test_what_another_user_hides_in_a_folder_of_ours_is_no_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store.ingest / "buildkit-x"
    folder.mkdir(parents=True)
    hidden = folder / "hidden"
    hidden.write_text("x")
    lstat = os.lstat

    def refusing(path: str) -> os.stat_result:
        if str(path) == str(hidden):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return lstat(path)

    with monkeypatch.context() as patch:
        patch.setattr("os.lstat", refusing)
        stock = take_stock(store)

    assert [item.path for item in stock.items] == [folder]


def test_the_dates_of_archives_are_no_item(store: Store) -> None:
    """Whatever lists them could remove them, and they cannot be made again."""
    store.remember("debian release date", "archive", 1_785_672_000)
    store.remember("debian", "archive", 1_785_672_000)

    stock = take_stock(store)

    assert kinds(stock) == {Kind.FACT: 1}
    assert stock.unknown == ()
