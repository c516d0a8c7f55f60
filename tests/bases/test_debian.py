"""A base's key holds all that its bytes depend on, and it says truthfully what it made."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamina.bases import debian, debian_archive
from lamina.bases.debian import DebianBase
from lamina.bases.debian_archive import DebianArchive
from lamina.engines import native
from lamina.engines.native import NativeEngine
from lamina.errors import ToolError
from lamina.events import Event, LayerBuilt, Outcome, StepFinished
from lamina.layer.contents import Contents
from lamina.layer.memo import NoMemo
from lamina.lock.lock import LockedWheel
from lamina.oci.config import RuntimeConfig
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.parallel import have_ended
from lamina.plan.explain import explain
from lamina.plan.plan import BaseImage, BuildPlan
from lamina.plan.serialize import plan_key, plan_to_json
from lamina.steps import Step, silent_step
from lamina.store.store import Store
from lamina.testing.debian_archive import ToyArchive, ToyPackage, minimal_base
from tests.bases.test_debian_archive import NOW, Client

AMD64 = Platform.parse("linux/amd64")
LONG_S = 20


class NoWheels:
    def fetch(self, wheel: LockedWheel, step: Step) -> Path:
        raise NotImplementedError


class Bench:
    """A base of toy packages, and an engine that puts nothing on it but the environment."""

    def __init__(self, folder: Path, toy: ToyArchive) -> None:
        self.toy = toy
        self.store = Store.open(folder / "store")
        self.base = DebianBase(
            self.store,
            lambda: DebianArchive(
                self.store, Client(toy), clock=lambda: NOW, apt_root=toy.directory
            ),
            memo=NoMemo(),
            clock=lambda: NOW,
        )

    def resolve(self, *packages: str) -> BaseImage:
        return self.base.resolve("debian:toy", AMD64, packages, silent_step())

    def plan(self, *packages: str) -> BuildPlan:
        return BuildPlan(
            name="toys",
            base=self.resolve(*packages),
            venv="/opt/venv",
            layers=(),
            runtime=RuntimeConfig(working_directory="/app"),
        )

    def build(self, plan: BuildPlan, listener: Callable[[Event], None] = lambda _: None) -> Image:
        engine = NativeEngine(store=self.store, base=self.base, source=NoWheels(), memo=NoMemo())
        return engine.build(plan, Step("", listener, lambda: 0.0))[0]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(debian_archive, "HELPER", tmp_path / "no helper")
    toy = ToyArchive(tmp_path)
    toy.sources_file()
    toy.publish([*minimal_base(), ToyPackage(name="more", files={"./usr/share/more": b"more"})])
    return Bench(tmp_path, toy)


@pytest.fixture
def no_python(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(debian, "find_interpreter", lambda _: None)


def paths(bench: Bench, image: Image) -> set[str]:
    return {item.path for layer in image.layers for item in bench.store.contents(layer).items}


@pytest.fixture
def with_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer a compiler whatever Python runs the tests."""

    class Compiler:
        def __init__(self, python: str, program: str, *, workers: int) -> None:
            del program, workers
            self.python = python

        def __call__(self, sources: list[tuple[bytes, str]]) -> list[bytes | None]:
            return [b"code" for _ in sources]

    monkeypatch.setattr(debian, "find_interpreter", lambda _: "python3.11")
    monkeypatch.setattr(debian, "Compiler", Compiler)


@pytest.mark.usefixtures("with_python")
def test_bytecode_of_the_standard_library_is_decided_in_the_plan(
    bench: Bench, no_python: Callable[[], None]
) -> None:
    """A machine that gains or loses a Python gets another image, and not a remembered one."""
    compiled = bench.plan()
    first = bench.build(compiled)
    no_python()
    plain = bench.plan()

    second = bench.build(plain)

    code = "usr/lib/python3.11/__pycache__/this.cpython-311.pyc"
    assert plan_key(compiled) != plan_key(plain)
    assert plan_to_json(compiled)["base"]["stdlib_bytecode"] is True
    assert "bytecode none, standard library compiled\n" in explain(compiled)
    assert "compiled" not in explain(plain)
    assert (code in paths(bench, first), code in paths(bench, second)) == (True, False)


@pytest.mark.usefixtures("with_python")
def test_a_plan_with_bytecode_is_not_carried_out_without_a_python(
    bench: Bench, no_python: Callable[[], None]
) -> None:
    plan = bench.plan()
    no_python()

    with pytest.raises(ToolError, match=r"no Python 3\.11 any more"):
        bench.build(plan)


@pytest.mark.usefixtures("with_python")
def test_modules_that_are_left_out_make_another_base_without_them(bench: Bench) -> None:
    """Neither their sources nor their bytecode; whoever leaves nothing out has the same layer."""
    whole = bench.plan()
    lean = replace(whole, base=replace(whole.base, left_out=("this",)))
    first = bench.build(whole)

    second = bench.build(lean)
    third = bench.build(whole)

    gone = {"usr/lib/python3.11/this.py", "usr/lib/python3.11/__pycache__/this.cpython-311.pyc"}
    assert gone <= paths(bench, first)
    assert not gone & paths(bench, second)
    assert first == third
    assert bench.base.marks(whole.base) != bench.base.marks(lean.base)


def test_changed_rules_make_another_base(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bench.resolve()
    monkeypatch.setattr(debian, "RULES_VERSION", 999)

    after = bench.resolve()

    assert after.packages == before.packages
    assert after.digest != before.digest


def test_another_compressor_does_not_find_the_images_of_this_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = bench.plan()
    bench.build(plan)
    remembered: list[Event] = []
    bench.build(plan, remembered.append)
    monkeypatch.setattr(native, "compressor", lambda: "another")
    made: list[Event] = []

    bench.build(plan, made.append)

    assert not [event for event in remembered if isinstance(event, StepFinished)]
    assert [event for event in made if isinstance(event, StepFinished)]


def test_each_layer_of_the_base_says_whether_it_was_made(bench: Bench) -> None:
    told = []
    for plan in (bench.plan(), bench.plan("more"), bench.plan("more")):
        events: list[Event] = []
        bench.base.layers(plan.base, step := Step("", events.append, lambda: 0.0))
        with step:
            pass
        layers = [event.cached for event in events if isinstance(event, LayerBuilt)]
        (finished,) = (event for event in events if isinstance(event, StepFinished))
        told.append((layers, finished.outcome))

    assert told == [
        ([False], Outcome.DONE),
        ([True, False], Outcome.DONE),
        ([True, True], Outcome.CACHED),
    ]


def test_a_plan_counts_every_layer_of_its_image(bench: Bench) -> None:
    for packages in ((), ("more",)):
        plan = bench.plan(*packages)
        image = bench.build(plan)

        rows = [line for line in explain(plan).splitlines() if " MB  " in line][:-1]
        assert plan.layer_count == len(image.layers) == len(rows)
        names = ["base", *(["system"] if packages else []), "environment"]
        assert [row.split()[2] for row in rows] == names


def test_a_base_that_is_made_early_is_known_to_be_at_work(bench: Bench) -> None:
    """Ctrl-C would otherwise wait until it is made."""
    may_go_on, has_begun = threading.Event(), threading.Event()

    class Slow(DebianArchive):
        """Writes when it is let go."""

        def write_layer(self, *arguments: Any, **options: Any) -> tuple[Layer, Contents]:
            has_begun.set()
            assert may_go_on.wait(LONG_S)
            return super().write_layer(*arguments, **options)

    toy, store = bench.toy, bench.store
    bench.base = DebianBase(
        store,
        lambda: Slow(store, Client(toy), clock=lambda: NOW, apt_root=toy.directory),
        memo=NoMemo(),
        clock=lambda: NOW,
        is_early=True,
    )
    bench.resolve()

    assert has_begun.wait(LONG_S)
    before = have_ended(within_s=0.01)
    may_go_on.set()

    assert (before, have_ended(within_s=LONG_S)) == (False, True)


def test_a_package_that_a_crash_has_torn_is_fetched_again(bench: Bench) -> None:
    """Packages are not flushed to the disk when they are stored."""
    plan = bench.plan()
    image = bench.build(plan)
    for path in (bench.store.root / "debian").iterdir():
        path.unlink()
        path.write_bytes(b"")
    for layer in image.layers:
        bench.store.blobs.path(layer.descriptor.digest).unlink()

    assert bench.build(plan) == image


def test_without_the_cache_the_base_is_made_again(bench: Bench) -> None:
    plan = bench.plan()
    image = bench.build(plan)
    blob = bench.store.blobs.path(image.layers[0].descriptor.digest)
    before = blob.stat().st_ino
    bench.base = DebianBase(
        bench.store,
        lambda: DebianArchive(
            bench.store, Client(bench.toy), clock=lambda: NOW, apt_root=bench.toy.directory
        ),
        memo=NoMemo(),
        clock=lambda: NOW,
        no_cache=True,
    )
    events: list[Event] = []

    layers = bench.base.layers(plan.base, Step("", events.append, lambda: 0.0))

    assert layers[0].descriptor == image.layers[0].descriptor
    assert blob.stat().st_ino != before
    assert [event.cached for event in events if isinstance(event, LayerBuilt)] == [False]
