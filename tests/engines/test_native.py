"""The native engine builds what the plan says, once."""

import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from lamina.bases.scratch import ScratchBase
from lamina.engines import native
from lamina.engines.layers import LayerShop
from lamina.engines.native import WORTH_A_PROCESS, NativeEngine
from lamina.errors import InputError, IntegrityError
from lamina.events import Event, LayerBuilt, StepFinished, StepStarted
from lamina.layer import key
from lamina.layer.memo import NoMemo
from lamina.lock.lock import LockedWheel
from lamina.oci.config import RuntimeConfig
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.parallel import together
from lamina.plan.plan import BaseImage, BuildPlan, FileLayer, PlannedFile, WheelLayer
from lamina.project.diet_settings import Diet
from lamina.protocols import Content
from lamina.steps import Step, silent_step
from lamina.store.store import Store
from lamina.testing.wheels import ToyWheel
from tests.support.toys import VENV

PLATFORM = Platform.parse("linux/amd64")
ARM64 = Platform.parse("linux/arm64")


@dataclass
class Wheels:
    """A source that counts what is asked of it."""

    folder: Path
    fetched: list[str] = field(default_factory=list)
    meeting: threading.Barrier | None = None

    def fetch(self, wheel: LockedWheel, step: Step) -> Path:
        if self.meeting and wheel.name in {"one", "two"}:
            self.meeting.wait(10)  # both platforms are at it now
        with step:
            self.fetched.append(wheel.name)
        return self.folder / wheel.filename


class Bench:
    """A store, a source and an engine; ``build`` builds a plan of wheels, one layer each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store.open(folder / "store")
        self.source = Wheels(folder / "wheels")
        self.base = ScratchBase("3.11")

    def engine(self, **options: Any) -> NativeEngine:
        memo = options.pop("memo", NoMemo())
        return NativeEngine(
            store=self.store, base=self.base, source=self.source, memo=memo, **options
        )

    def plan(self, *wheels: ToyWheel, files: Sequence[PlannedFile] = ()) -> BuildPlan:
        locked = [wheel.locked(self.folder / "wheels") for wheel in wheels]
        layers: list[WheelLayer | FileLayer] = [
            WheelLayer(name=wheel.name, wheels=(wheel,)) for wheel in locked
        ]
        if files:
            layers.append(FileLayer(name="files", files=tuple(files)))
        return BuildPlan(
            name="toys",
            base=self.base.resolve("scratch", PLATFORM, (), silent_step()),
            venv="/opt/venv",
            layers=tuple(layers),
            runtime=RuntimeConfig(working_directory="/app"),
        )

    def build(self, plan: BuildPlan, **options: Any) -> tuple[Image, Content]:
        return self.engine(**options).build(plan, silent_step())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


ONE = ToyWheel(name="one", files={"one.py": b"1\n"})
TWO = ToyWheel(name="two", files={"two.py": b"2\n"})


def test_layers_stand_in_the_plans_order_above_the_environment(bench: Bench) -> None:
    image, content = bench.build(bench.plan(ONE, TWO))

    assert [layer.created_by for layer in image.layers] == [
        "lamina: /opt/venv", "lamina: one==1.0", "lamina: two==1.0",
    ]  # fmt: skip
    for descriptor in (*(layer.descriptor for layer in image.layers), image.config):
        with content.open(descriptor) as file:
            assert Digest.of(file.read()) == descriptor.digest


def test_an_unchanged_image_is_built_without_fetching_anything(bench: Bench) -> None:
    plan = bench.plan(ONE, TWO)
    first, _ = bench.build(plan)
    bench.source.fetched.clear()

    second, _ = bench.build(plan)

    assert second == first
    assert bench.source.fetched == []


def test_a_lean_image_is_not_remembered_past_a_change_of_the_diets_rules(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = bench.plan(ONE)
    layer = WheelLayer(name="one", wheels=plan.wheels, diet=Diet(tests=True))
    lean = replace(plan, layers=(layer,))
    bench.build(lean)
    bench.source.fetched.clear()
    for module in (key, native):
        monkeypatch.setattr(module, "RULES_VERSION", 999, raising=False)

    bench.build(lean)

    assert bench.source.fetched == ["one"]


def test_only_the_wheels_of_a_changed_layer_are_fetched(bench: Bench) -> None:
    bench.build(bench.plan(ONE, TWO))
    bench.source.fetched.clear()

    bench.build(bench.plan(ONE, replace(TWO, files={"two.py": b"3\n"})))

    assert bench.source.fetched == ["two"]


def test_without_the_cache_everything_is_made_again_and_equal(bench: Bench) -> None:
    plan = bench.plan(ONE, TWO)
    first, _ = bench.build(plan)
    bench.source.fetched.clear()

    second, _ = bench.build(plan, no_cache=True)

    assert second == first
    assert sorted(bench.source.fetched) == ["one", "two"]


def test_any_number_of_threads_gives_the_same_image(bench: Bench) -> None:
    plan = bench.plan(ONE, TWO, ToyWheel(name="three", files={"three.py": b"3\n"}))

    images = [
        bench.build(plan, no_cache=True, fetchers=fetchers, writers=writers)[0]
        for fetchers, writers in ((1, 1), (2, 1), (1, 3), (8, 4))
    ]

    assert images == images[:1] * 4


def test_platforms_that_are_built_together_share_what_is_equal(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both want the big wheel, whose layer another process makes, and each has one of its own."""
    big = ToyWheel(name="big", files={"big.bin": os.urandom(WORTH_A_PROCESS)})
    amd64 = bench.plan(big, ONE)
    plans = [amd64, replace(bench.plan(big, TWO), base=replace(amd64.base, platform=ARM64))]
    events: list[Event] = []
    steps = [Step(f"{n}", events.append, lambda: 0.0, id_=f"{n}") for n in range(2)]
    bench.source.meeting = threading.Barrier(2)
    engine = bench.engine()
    started: list[subprocess.Popen[str]] = []

    class Noted(subprocess.Popen[str]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)

    built = together(lambda n, _: engine.build(plans[n], steps[n])[0], [0, 1])

    made = [e for e in events if isinstance(e, LayerBuilt) and e.name == "lamina: big==1.0"]
    assert sorted(event.cached for event in made) == [False, True]
    assert built[0].layers[1] == built[1].layers[1]
    assert [process.returncode for process in started] == [0]
    alone = Bench(bench.folder / "alone")
    alone.source.folder = bench.source.folder
    assert [alone.build(plan)[0] for plan in plans] == built


def test_a_blob_that_disappears_is_made_again(bench: Bench) -> None:
    plan = bench.plan(ONE, TWO)
    first, _ = bench.build(plan)
    bench.store.blobs.path(first.layers[1].descriptor.digest).unlink()
    bench.source.fetched.clear()

    second, content = bench.build(plan)

    assert second == first
    assert bench.source.fetched == ["one"]
    content.open(first.layers[1].descriptor).close()


def test_different_files_at_one_path_are_refused_with_both_owners(bench: Bench) -> None:
    clash = ToyWheel(name="two", files={"one.py": b"2\n"})

    with pytest.raises(InputError, match="two owners") as caught:
        bench.build(bench.plan(ONE, clash))

    assert caught.value.why == (
        "/opt/venv/lib/python3.11/site-packages/one.py comes from one 1.0 and from two 1.0"
    )


def test_equal_files_at_one_path_are_fine(bench: Bench) -> None:
    same = ToyWheel(name="two", files=ONE.files)

    image, _ = bench.build(bench.plan(ONE, same))

    assert len(image.layers) == 3


def test_a_file_of_one_layer_is_no_folder_of_another(bench: Bench) -> None:
    clash = ToyWheel(name="two", files={"one.py/two.py": b"2\n"})

    for wheels in ((ONE, clash), (clash, ONE)):
        with pytest.raises(InputError, match="two owners") as caught:
            bench.build(bench.plan(*wheels))
        first, second = (wheel.name for wheel in wheels)
        assert f"one.py comes from {first} 1.0 and from {second} 1.0" in str(caught.value.why)


def test_a_wheel_may_not_replace_the_interpreter(bench: Bench) -> None:
    evil = ToyWheel(entry_points="[console_scripts]\npython = toy:main\n")

    with pytest.raises(InputError) as caught:
        bench.build(bench.plan(evil))

    assert caught.value.why == "/opt/venv/bin/python comes from lamina and from toy 1.0"


def test_an_image_that_failed_the_check_is_not_remembered(bench: Bench) -> None:
    plan = bench.plan(ONE, ToyWheel(name="two", files={"one.py": b"2\n"}))

    for _ in range(2):
        with pytest.raises(InputError, match="two owners"):
            bench.build(plan)


def test_an_empty_plan_on_a_base_that_changes_its_own_files_is_fine(tmp_path: Path) -> None:
    """Upper layers of a base replace files of lower ones; that is the base's own affair."""
    bench = Bench(tmp_path)
    layers = tuple(
        _base_layer(bench.store, ToyWheel(files={"x.py": data}), tmp_path / str(data))
        for data in (b"1", b"2")
    )

    class Base(ScratchBase):
        def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:  # noqa: ARG002
            return layers

    bench.base = Base("3.11")

    image, _ = bench.build(bench.plan())

    assert image.layers[:2] == layers


def _base_layer(store: Store, wheel: ToyWheel, folder: Path) -> Layer:
    locked = wheel.locked(folder)
    shop = LayerShop(store, VENV, "none", workers=1)
    layer = WheelLayer(name="base", wheels=(locked,))
    return shop.wheel_layer(layer, [folder / locked.filename])[0][0]


def test_the_first_failure_ends_the_build_and_keeps_what_is_right(bench: Bench) -> None:
    bad = ToyWheel(name="two", files={"two.py": b"2\n"}, wrong_hashes=("two.py",))

    with pytest.raises(IntegrityError):
        bench.build(bench.plan(ONE, bad), writers=1, fetchers=1)

    assert list(bench.store.ingest.iterdir()) == []


def test_every_layer_is_told_as_built_and_then_as_cached(bench: Bench) -> None:
    plan = bench.plan(ONE)
    told: list[list[bool]] = []
    for _ in range(2):
        events: list[Event] = []
        bench.engine().build(plan, Step("", events.append, lambda: 0.0))
        told.append([event.cached for event in events if isinstance(event, LayerBuilt)])
        started = [event.step for event in events if isinstance(event, StepStarted)]
        assert sorted(started) == sorted(e.step for e in events if isinstance(e, StepFinished))

    assert told == [[False, False], [True, True]]


def test_step_ids_are_the_same_in_equal_builds(tmp_path: Path) -> None:
    def steps(folder: Path) -> list[tuple[str, str]]:
        bench, events = Bench(folder), list[Event]()
        bench.engine().build(bench.plan(ONE, TWO), Step("", events.append, lambda: 0.0))
        return sorted((e.step, e.name) for e in events if isinstance(e, StepStarted))

    assert steps(tmp_path / "a") == steps(tmp_path / "b")
