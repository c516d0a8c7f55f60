"""Who uses a store is known from locks, and what they use from times of modification."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lamina.oci.digest import Digest
from lamina.store.store import Store
from tests.store.stores import LONG_AGO, age, keep_image, keep_wheel, loose_layer, reopened

_OPENS = (
    "import sys, pathlib; from lamina.store.store import Store\n"
    "store = Store.open(pathlib.Path(sys.argv[1])); print(flush=True)\n"
    "path = sys.stdin.readline().strip()\n"
    "if path: print(store.note(pathlib.Path(path)))"
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def start_of(store: Store) -> int:
    with store.uses.alone():
        return store.uses.safe_before()


def another(store: Store) -> "subprocess.Popen[str]":
    """Start a process that has the store open until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OPENS, str(store.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()
    return process


def test_what_is_looked_for_gets_the_time_at_which_the_process_began(store: Store) -> None:
    image = keep_image(store, "web:1", "layer")
    wheel = keep_wheel(store, b"wheel")
    layer = loose_layer(store, "loose")
    age(store)
    store = reopened(store)

    store.blobs.has(image.config)
    store.blobs.open(image.descriptor).close()
    store.wheel_path(Digest.of(b"wheel"))
    store.find_layer(f"key of {layer.diff_id}")
    store.recall("name", "web:1")

    files = (path for path in store.root.rglob("*") if path.is_file())
    used = Counter(path.parent.name for path in files if path.stat().st_mtime > LONG_AGO)
    assert {name: used[name] for name in ("wheels", "memory", "layers", "contents")} == {
        "wheels": 1,
        "memory": 1,
        "layers": 1,
        "contents": 1,
    }
    for digest in (image.config.digest, image.descriptor.digest, layer.descriptor.digest):
        assert store.blobs.path(digest).stat().st_mtime_ns == start_of(store)
    (untouched,) = image.layers
    assert store.blobs.path(untouched.descriptor.digest).stat().st_mtime == LONG_AGO
    assert wheel.stat().st_mtime_ns == start_of(store)


def test_what_was_used_is_noted_once_for_each_process(store: Store) -> None:
    wheel = keep_wheel(store, b"wheel")
    age(store)
    store = reopened(store)

    store.wheel_path(Digest.of(b"wheel"))
    first = wheel.stat().st_ctime_ns
    for _ in range(3):
        store.wheel_path(Digest.of(b"wheel"))

    assert wheel.stat().st_ctime_ns == first


def test_what_is_not_there_is_not_used(store: Store) -> None:
    assert not store.note(store.root / "wheels" / "nothing")


def test_another_process_counts_until_it_ends_however_that_is(store: Store) -> None:
    other = another(store)
    while_it_runs = start_of(store)
    other.kill()
    other.communicate()

    store = reopened(store)
    (left, own) = sorted(
        (store.root / "running").iterdir(), key=lambda path: path.stat().st_mtime_ns
    )
    began = own.stat().st_mtime_ns
    assert while_it_runs < left.stat().st_mtime_ns < began
    assert start_of(store) == began
    assert list((store.root / "running").iterdir()) == [own]


def test_a_process_that_ends_leaves_nothing_behind(store: Store) -> None:
    other = another(store)
    other.communicate("\n")

    assert other.returncode == 0
    assert len(list((store.root / "running").iterdir())) == 1


def test_nobody_notes_a_use_between_a_last_look_and_the_removal(store: Store) -> None:
    wheel = keep_wheel(store, b"wheel")
    age(store)
    other = another(store)
    assert other.stdin

    with store.uses.alone():
        other.stdin.write(f"{wheel}\n")
        other.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(0.3)
        wheel.unlink()

    assert other.communicate()[0] == "False\n"


def test_the_margin_is_an_hour_before_the_oldest_process(store: Store) -> None:
    store.uses.end()
    other = another(store)
    (began,) = (path.stat().st_mtime_ns for path in (store.root / "running").iterdir())

    safe_before = start_of(Store.open(store.root))

    other.kill()
    other.communicate()
    assert safe_before == began - 3600 * 10**9
