"""Another process makes the same layer as this one, and its failures are ours."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from lamina.engines.idle_drops import known_drops
from lamina.engines.layers import LayerShop
from lamina.engines.splicer import Splicers, request_text
from lamina.errors import ArchiveError, ToolError
from lamina.layer.key import wheel_layer_key
from lamina.layer.venv import Venv
from lamina.lock.lock import LockedWheel
from lamina.parallel import GivenUp, Turn, together
from lamina.plan.plan import WheelLayer
from lamina.project.diet_settings import Diet
from lamina.store.store import Store
from lamina.testing.wheels import ToyWheel

LONG_S = 20

VENV = Venv(
    prefix=PurePosixPath("/opt/venv"),
    python="3.11",
    base_interpreter=PurePosixPath("/usr/bin/python3.11"),
)


def layer_of(*wheels: LockedWheel) -> WheelLayer:
    return WheelLayer(name="toys", wheels=wheels)


def splicers(folder: Path) -> tuple[Store, Splicers]:
    store = Store.open(folder)
    return store, Splicers(store, VENV, "none", workers=2)


def test_the_layer_is_the_one_that_this_process_would_make(tmp_path: Path) -> None:
    toy, other = ToyWheel(), ToyWheel(name="other", files={"other.py": b"x = 1\n" * 1000})
    layer = layer_of(toy.locked(tmp_path), other.locked(tmp_path))
    paths = [tmp_path / toy.filename, tmp_path / other.filename]
    here = LayerShop(Store.open(tmp_path / "here"), VENV, "none", workers=1)
    expected, _ = here.wheel_layer(layer, paths)
    store, pool = splicers(tmp_path / "there")

    with pool:
        pool.make(layer, paths)

    assert LayerShop(store, VENV, "none", workers=1).made(layer) == expected


def test_a_diet_and_the_loaded_modules_reach_the_other_process(tmp_path: Path) -> None:
    toy = ToyWheel(files={"toy/__init__.py": b"x = 1\n", "toy/tests/a.py": b"x" * 1000})
    diet = Diet(tests=True, locales=("de",), drop=("a", "b"))
    layer = replace(layer_of(toy.locked(tmp_path)), diet=diet, loaded=("toy",))
    paths = [tmp_path / toy.filename]
    here = LayerShop(Store.open(tmp_path / "here"), VENV, "none", workers=1)
    expected, _ = here.wheel_layer(layer, paths)
    store, pool = splicers(tmp_path / "there")

    with pool:
        pool.make(layer, paths)

    made = LayerShop(store, VENV, "none", workers=1).made(layer)
    assert made == expected
    assert not [item for item in made[1].items if "tests" in item.path]


def test_the_other_process_remembers_which_patterns_met_a_file(tmp_path: Path) -> None:
    toy = ToyWheel(files={"toy/__init__.py": b"x = 1\n", "toy/data.bin": b"x"})
    diet = Diet(drop=("toy/data.bin", "typo"))
    layer = replace(layer_of(toy.locked(tmp_path)), diet=diet)
    store, pool = splicers(tmp_path / "there")

    with pool:
        pool.make(layer, [tmp_path / toy.filename])

    assert known_drops(store, wheel_layer_key(layer, VENV, "none")) == ["toy/data.bin"]


def test_one_process_makes_one_layer_after_the_other(tmp_path: Path) -> None:
    toys = [ToyWheel(name=f"toy{n}", files={f"toy{n}.py": b"x"}) for n in range(3)]
    _, pool = splicers(tmp_path / "store")

    with pool:
        for toy in toys:
            pool.make(layer_of(toy.locked(tmp_path)), [tmp_path / toy.filename])

        assert len(pool._all) == 1


def test_the_last_of_several_builds_ends_the_processes(tmp_path: Path) -> None:
    toys = [ToyWheel(name=f"toy{n}", files={f"toy{n}.py": b"x"}) for n in range(2)]
    _, pool = splicers(tmp_path / "store")

    with pool:
        with pool:
            pool.make(layer_of(toys[0].locked(tmp_path)), [tmp_path / toys[0].filename])
        (process,) = pool._all
        assert process.poll() is None
    assert process.returncode == 0
    with pool:
        pool.make(layer_of(toys[1].locked(tmp_path)), [tmp_path / toys[1].filename])
        (another,) = pool._all

    assert another.returncode == 0


def test_a_build_that_begins_while_another_ends_keeps_its_process(tmp_path: Path) -> None:
    toys = [ToyWheel(name=f"toy{n}", files={f"toy{n}.py": b"x"}) for n in range(2)]
    store, pool = splicers(tmp_path / "store")
    layers = [layer_of(toy.locked(tmp_path)) for toy in toys]

    class Ending(subprocess.Popen[str]):
        """Takes so long to end that the other build begins."""

        def communicate(self, *_: object, **__: object) -> tuple[str, str]:
            pool.__enter__()
            pool.make(layers[0], [tmp_path / toys[0].filename])
            return super().communicate()

    with pool:
        pool._all.append(Ending(["true"], stdout=subprocess.PIPE, text=True))
    pool.make(layers[1], [tmp_path / toys[1].filename])
    pool.__exit__(None, None, None)

    shop = LayerShop(store, VENV, "none", workers=1)
    assert all(map(shop.has, layers))


def test_a_hostile_wheel_is_the_same_error_as_here(tmp_path: Path) -> None:
    toy = ToyWheel(files={"../escape.py": b"x"})
    layer = layer_of(toy.locked(tmp_path))
    path = tmp_path / toy.filename
    here = LayerShop(Store.open(tmp_path / "here"), VENV, "none", workers=1)
    with pytest.raises(ArchiveError) as expected:
        here.wheel_layer(layer, [path])
    _, pool = splicers(tmp_path / "there")

    with pool, pytest.raises(ArchiveError) as caught:
        pool.make(layer, [path])

    assert vars(caught.value) == vars(expected.value)


def test_a_process_that_dies_is_an_error_and_not_a_wait(tmp_path: Path) -> None:
    toy = ToyWheel()
    layer = layer_of(toy.locked(tmp_path))
    _, pool = splicers(tmp_path / "store")
    with pool:
        pool.make(layer, [tmp_path / toy.filename])
        os.kill(pool._all[0].pid, signal.SIGKILL)
        pool._all[0].wait()

        with pytest.raises(ToolError, match="died"):
            pool.make(layer, [tmp_path / toy.filename])


def test_a_failed_build_leaves_no_process_behind(tmp_path: Path) -> None:
    toy = ToyWheel()
    _, pool = splicers(tmp_path / "store")

    pool.make(layer_of(toy.locked(tmp_path)), [tmp_path / toy.filename])
    (process,) = pool._all
    pool.__exit__(RuntimeError, RuntimeError("elsewhere"), None)

    assert process.returncode is not None


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program that never answers in the place of Python; it leaves a file when it runs."""
    runs, program = tmp_path / "runs", tmp_path / "silent"
    program.write_text(f"#!/bin/sh\ntouch {runs}\nexec sleep {LONG_S}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return runs


def test_a_layer_that_is_given_up_ends_its_process(tmp_path: Path, silent: Path) -> None:
    """The pool itself may still be of use to another build."""
    toy = ToyWheel()
    layer = layer_of(toy.locked(tmp_path))
    _, pool = splicers(tmp_path / "store")
    seen: list[BaseException] = []

    def call(number: int, _: Turn) -> None:
        if number == 1:
            until = time.monotonic() + LONG_S
            while not silent.exists() and time.monotonic() < until:
                time.sleep(0.01)
            raise ValueError("the second")
        try:
            pool.make(layer, [tmp_path / toy.filename])
        except BaseException as error:
            seen.append(error)
            raise

    start = time.monotonic()
    with pool:
        with pytest.raises(ValueError, match="the second"):
            together(call, [0, 1])
        (process,) = pool._all

        assert process.poll() == -signal.SIGKILL
    assert isinstance(seen[0], GivenUp)
    assert time.monotonic() - start < LONG_S / 2


def test_no_process_is_started_for_what_is_given_up(tmp_path: Path) -> None:
    toy = ToyWheel()
    layer = layer_of(toy.locked(tmp_path))
    _, pool = splicers(tmp_path / "store")
    has_failed = threading.Event()

    def call(number: int, _: Turn) -> None:
        if number == 1:
            threading.Timer(0.1, has_failed.set).start()
            raise ValueError("the second")
        assert has_failed.wait(LONG_S)
        pool.make(layer, [tmp_path / toy.filename])

    with pool, pytest.raises(ValueError, match="the second"):
        together(call, [0, 1])

    assert pool._all == []


def test_a_process_whose_answer_nobody_reads_says_nothing(tmp_path: Path) -> None:
    toy = ToyWheel()
    request = request_text(layer_of(toy.locked(tmp_path)), [tmp_path / toy.filename])
    _, pool = splicers(tmp_path / "store")
    command = [sys.executable, "-m", "lamina.engines.splicer", json.dumps(pool._setup)]

    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.close()
        _, said = process.communicate(f"{request}\n", timeout=LONG_S)

    assert (said, process.returncode) == ("", 1)
