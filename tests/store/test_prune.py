"""A store is pruned while others use it, and when the prune itself is killed."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lamina.store.choose import Wishes
from lamina.store.prune import prune
from lamina.store.stock import Kind
from lamina.store.store import Store
from lamina.store.take_stock import take_stock
from tests.store.stores import (
    DAY,
    LONG_AGO,
    age,
    keep_image,
    keep_wheel,
    loose_layer,
    on_disk,
    reopened,
)

NOW = 2_000_000_000
EVERYTHING = Wishes(now=NOW, named=True)

_RELIES = """
import sys
from pathlib import Path
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.store.store import Store
root, rounds, made = Path(sys.argv[1]), int(sys.argv[2]), 0
blobs = [b"%d" % n * 100 for n in range(20)]
for _ in range(rounds):
    store = Store.open(root)
    for data in blobs:
        it = Descriptor(media_type="text/plain", digest=Digest.of(data), size=len(data))
        if not store.blobs.has(it):
            store.blobs.add(data, media_type="text/plain")
            made += 1
    for data in blobs:
        it = Descriptor(media_type="text/plain", digest=Digest.of(data), size=len(data))
        with store.blobs.open(it) as file:
            assert file.read() == data
    store.uses.end()
print(made)
"""

_DIES = """
import os, signal, sys
from pathlib import Path
from lamina.store import prune
from lamina.store.choose import Wishes
from lamina.store.store import Store
after = int(sys.argv[2])
remove = prune._remove
def counted(item, store):
    global after
    if not after:
        os.kill(os.getpid(), signal.SIGKILL)
    after -= 1
    return remove(item, store)
prune._remove = counted
prune.prune(Store.open(Path(sys.argv[1])), Wishes(now=2e9, named=True))
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def test_what_is_said_to_be_freed_is_what_the_disk_lost(store: Store) -> None:
    keep_image(store, "web:1", "one")
    loose_layer(store, "loose")
    keep_wheel(store, b"wheel" * 5000)
    store = reopened(store)
    before = on_disk(store.root)

    pruned = prune(store, Wishes(now=NOW))

    assert sum(item.size for item in pruned.gone) == before - on_disk(store.root) > 25_000
    assert take_stock(store).size == pruned.stock.size - (before - on_disk(store.root))


def test_a_dry_run_says_the_same_and_removes_nothing(store: Store) -> None:
    keep_image(store, "web:1", "one")
    loose_layer(store, "loose")
    store = reopened(store)

    dry = prune(store, Wishes(now=NOW), is_dry=True)
    before = on_disk(store.root)
    real = prune(store, Wishes(now=NOW))

    assert dry.gone == real.gone
    assert before - on_disk(store.root) == sum(item.size for item in dry.gone)


def test_a_named_image_stays_whole_and_found(store: Store) -> None:
    image = keep_image(store, "web:1", "one", "two")
    loose_layer(store, "loose")
    age(store)
    store = reopened(store)

    prune(store, Wishes(now=NOW))

    assert store.recall("name", "web:1") == image.descriptor.to_json()
    assert all(store.find_layer(f"key of {layer.diff_id}") for layer in image.layers)
    assert store.blobs.has(image.config)
    assert store.blobs.has(image.descriptor)
    assert len(take_stock(store).items) == 4 + 4 + 1


def test_everything_goes_when_named_images_may(store: Store) -> None:
    keep_image(store, "web:1", "one", "two")
    keep_image(store, "web:2", "one", "three")
    store = reopened(store)

    prune(store, EVERYTHING)

    assert take_stock(store).items == ()
    assert store.recall("name", "web:1") is None


def test_what_this_process_uses_stays(store: Store) -> None:
    layer = loose_layer(store, "used")
    loose_layer(store, "unused")
    age(store)
    store = reopened(store)
    store.find_layer(f"key of {layer.diff_id}")

    pruned = prune(store, EVERYTHING)

    assert store.find_layer(f"key of {layer.diff_id}") is not None
    assert [item.kind for item in pruned.in_use] == [Kind.BLOB]
    assert len(take_stock(store).items) == 3


def test_what_comes_into_use_while_a_prune_looks_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process begins after the decision, and before the removal."""
    layer = loose_layer(store, "used")
    age(store)
    store = reopened(store)
    alone = store.uses.alone
    others: list[Store] = []

    def late() -> object:
        if store.uses._own and not others:
            others.append(store)
        elif len(others) == 1:
            others.append(Store.open(store.root))
            assert others[1].has_layer(f"key of {layer.diff_id}")
        return alone()

    monkeypatch.setattr(store.uses, "alone", late)

    pruned = prune(store, EVERYTHING)

    assert len(others) == 2
    assert pruned.gone == ()
    assert others[1].find_layer(f"key of {layer.diff_id}") is not None


def test_a_description_stays_when_its_blob_was_made_again_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = loose_layer(store, "layer")
    data = store.blobs.path(layer.descriptor.digest).read_bytes()
    store = reopened(store)
    pruner = reopened(store)
    unlink = Path.unlink

    def again(path: Path, *, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        if path.parent.name == "sha256":
            path.write_bytes(data)

    monkeypatch.setattr(Path, "unlink", again)

    pruned = prune(pruner, EVERYTHING)

    assert [item.kind for item in pruned.gone] == [Kind.BLOB]
    assert pruner.find_layer(f"key of {layer.diff_id}") is not None


def test_processes_lose_nothing_that_they_rely_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They ask whether blobs are there, and open them, while a prune runs over and over."""
    monkeypatch.setattr("lamina.store.uses._MARGIN_NS", 0)  # or nothing goes while they run
    root = store.root
    store.uses.end()
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _RELIES, str(root), "60"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    pruned = 0
    while any(worker.poll() is None for worker in workers):
        store = Store.open(root)
        pruned += len(prune(store, EVERYTHING).gone)
        store.uses.end()

    ends = [(worker.communicate(), worker.returncode) for worker in workers]
    assert [(errors, code) for (_, errors), code in ends] == [("", 0)] * 2
    assert sum(int(out) for (out, _), _ in ends) >= 20
    assert pruned > 0


def test_a_prune_that_is_killed_leaves_less_and_nothing_half(store: Store) -> None:
    """Wherever it is killed, a name that is left leads to a whole image."""
    for after in range(14):
        store = reopened(store)
        keep_image(store, "web:1", "one", "two")
        keep_image(store, "web:2", "one", "three")
        loose_layer(store, "loose")
        store = reopened(store)
        store.uses.end()

        done = subprocess.run(
            [sys.executable, "-c", _DIES, str(store.root), str(after)], check=False
        )

        stock = take_stock(store)
        assert done.returncode == -signal.SIGKILL
        assert stock.broken == ()
        paths = {item.path for item in stock.items}
        assert all(item.needs <= paths for item in stock.items)
        blobs = {item.path for item in stock.items if item.kind is Kind.BLOB}
        described = {path for item in stock.items for path in item.holders}
        layers = {path for path in blobs if path.stat().st_size > 1000}
        assert layers <= described


def test_a_folder_goes_at_once_and_what_is_left_of_it_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = store.root / "toolchains" / ("a" * 64)
    (root / "usr").mkdir(parents=True)
    (root / "usr" / "file").write_text("x")
    store = reopened(store)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            prune(store, EVERYTHING)
    was_there = root.exists()
    (left,) = store.ingest.iterdir()
    store = reopened(store)
    prune(store, EVERYTHING)

    assert not was_there
    assert not left.exists()


def test_a_leftover_with_modes_that_forbid_removal_is_removed(store: Store) -> None:
    folder = store.ingest / "scan-x" / "inner"
    folder.mkdir(parents=True)
    (folder / "file").write_text("x")
    folder.chmod(0o000)
    store = reopened(store)

    prune(store, EVERYTHING)

    assert list(store.ingest.iterdir()) == []


def test_a_full_disk_can_be_pruned(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    loose_layer(store, "loose")
    store.uses.end()
    really = os.open

    def full(path: str | Path, flags: int, mode: int = 0o777, **more: int) -> int:
        if flags & os.O_EXCL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return really(path, flags, mode, **more)

    monkeypatch.setattr("os.open", full)
    time.sleep(0.02)
    store = Store.open(store.root)

    pruned = prune(store, EVERYTHING)

    assert len(pruned.gone) == 3
    assert take_stock(store).items == ()


def test_what_was_used_in_the_last_days_stays(store: Store) -> None:
    old, new = keep_wheel(store, b"old"), keep_wheel(store, b"new")
    age(store)
    os.utime(new, (LONG_AGO + DAY, LONG_AGO + DAY))
    store = reopened(store)

    prune(store, Wishes(now=LONG_AGO + 3 * DAY, older_than=3 * DAY))

    assert not old.exists()
    assert new.exists()


def test_what_others_put_there_is_left_alone(store: Store) -> None:
    mine = store.root / "wheels" / "mine.whl"
    mine.parent.mkdir()
    mine.write_text("mine")
    store = reopened(store)

    pruned = prune(store, EVERYTHING)

    assert pruned.stock.unknown == (mine,)
    assert mine.read_text() == "mine"
