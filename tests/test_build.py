"""The pipeline as a library: project, lock, plan, engine, destination, for each platform."""

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import uv

from lamina.build import build, make_plan
from lamina.errors import ImageError, ProjectError
from lamina.events import Event, Outcome, PlanDecided, StepFinished, StepStarted
from lamina.layer.memo import NoMemo
from lamina.lock.lock import LockedSdist, LockedWheel
from lamina.lock.uv import Uv
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage, BuildPlan, FileLayer
from lamina.plan.serialize import plan_to_json
from lamina.project.read import read_project
from lamina.protocols import Content
from lamina.steps import Step, silent_step
from lamina.store.store import Store
from lamina.testing.images import Memory, toy_image
from lamina.testing.projects import locked_project, own_backend
from lamina.testing.wheels import ToyWheel
from lamina.workshop import Workshop

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


class Bases:
    """One base, for every platform."""

    def resolve(
        self,
        reference: str,
        platform: Platform,
        system_packages: tuple[str, ...],  # noqa: ARG002
        step: Step,  # noqa: ARG002
    ) -> BaseImage:
        return BaseImage(
            reference=reference,
            platform=platform,
            digest=Digest.of(b"base"),
            python="3.11",
            python_full="3.11.2",
            interpreter="/usr/bin/python3.11",
            glibc=(2, 36),
        )

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:  # noqa: ARG002
        return ()

    def marks(self, base: BaseImage) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def bring(self, base: BaseImage, layer: Layer, step: Step) -> None:  # noqa: ARG002
        raise AssertionError(layer)


class SlowBases(Bases):
    """Takes its time for one platform, and may find nothing there."""

    def __init__(self, slow: Platform, *, is_failing: bool = False) -> None:
        self._slow = slow
        self._is_failing = is_failing

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        if platform == self._slow:
            time.sleep(0.3)
            if self._is_failing:
                raise ImageError("no base")
        return super().resolve(reference, platform, system_packages, step)


class Engines:
    """Notes plans, and fails for the platforms that it is told to."""

    def __init__(self) -> None:
        self.plans: list[BuildPlan] = []
        self.failing: set[Platform] = set()
        self.meeting = threading.Barrier(1)

    def build(self, plan: BuildPlan, step: Step) -> tuple[Image, Content]:  # noqa: ARG002
        self.plans.append(plan)
        self.meeting.wait(10)
        if plan.base.platform in self.failing:
            raise ImageError("cannot")
        content = Memory()
        return toy_image(content, "a", architecture=plan.base.platform.architecture), content


class Sdists:
    """Builds every sdist to the same wheel."""

    def build(self, sdist: LockedSdist, base: BaseImage, step: Step) -> LockedWheel:  # noqa: ARG002
        return LockedWheel(
            name=sdist.name,
            version=sdist.version,
            filename=f"{sdist.name}-{sdist.version}-py3-none-any.whl",
            digest=Digest.of(b"built"),
            size=5,
        )


class Written:
    """A destination that remembers."""

    def __init__(self) -> None:
        self.images: list[Image | Index] = []

    def write(self, image: Image | Index, content: Content, step: Step) -> Descriptor:  # noqa: ARG002
        self.images.append(image)
        return image.descriptor


@pytest.fixture
def engine() -> Engines:
    return Engines()


@pytest.fixture
def workshop(tmp_path: Path, engine: Engines) -> Workshop:
    return Workshop(
        store=Store.open(tmp_path / "store"),
        base=Bases(),
        engine=engine,
        memo=NoMemo(),
        sdists=Sdists(),
        measure=lambda wheel: wheel.size or 77,
        uv_for=lambda _: Uv(program=uv.find_uv_bin(), environment={}),
        environment={"PATH": "/usr/bin:/bin", "UV_OFFLINE": "1"},
        clock=lambda: 1_700_000_000.0,
        created=1_700_000_000,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return locked_project(tmp_path / "project", [ToyWheel(), ToyWheel(name="other", files={})])


def test_one_platform_gives_an_image_and_several_an_index(
    project: Path, workshop: Workshop
) -> None:
    written = Written()

    one = build(project, [AMD64], [written], workshop, silent_step())
    two = build(project, [AMD64, ARM64], [written, written], workshop, silent_step())

    assert isinstance(one, Image)
    assert isinstance(two, Index)
    assert [image.platform for image in two.images] == [AMD64, ARM64]
    assert written.images == [one, two, two]


def test_platforms_are_built_at_the_same_time(
    project: Path, workshop: Workshop, engine: Engines
) -> None:
    engine.meeting = threading.Barrier(2)  # nobody passes alone

    image = build(project, [AMD64, ARM64], [], workshop, silent_step())

    assert isinstance(image, Index)
    assert [one.platform for one in image.images] == [AMD64, ARM64]


def test_steps_have_the_same_ids_whatever_platform_is_faster(
    tmp_path: Path, workshop: Workshop
) -> None:
    """The first platform builds the wheels that all need, also when the second is there first."""
    own_backend(tmp_path / "own", ToyWheel(name="own"))

    def steps(slow: Platform) -> dict[str, str]:
        bases, store = SlowBases(slow), Store.open(tmp_path / f"store-{slow.architecture}")
        found: list[Event] = []
        step = Step("", found.append, lambda: 0.0)
        build(
            tmp_path / "own", [AMD64, ARM64], [], replace(workshop, base=bases, store=store), step
        )
        return {event.step: event.name for event in found if isinstance(event, StepStarted)}

    ids = steps(AMD64)

    assert ids == steps(ARM64)
    assert [ids[name] for name in ("0.0", "0.1", "0.2", "0.3")] == [
        "plan linux/amd64", "build linux/amd64", "plan linux/arm64", "build linux/arm64",
    ]  # fmt: skip
    assert [name for name, text in ids.items() if text == "wheel of own"] == ["0.0.2"]


def test_a_platform_that_cannot_be_planned_stops_the_others(
    project: Path, workshop: Workshop, engine: Engines
) -> None:
    events: list[Event] = []
    failing = replace(workshop, base=SlowBases(AMD64, is_failing=True))

    with pytest.raises(ImageError, match="no base"):
        build(project, [AMD64, ARM64], [], failing, Step("", events.append, lambda: 0.0))

    outcomes = {event.step: event.outcome for event in events if isinstance(event, StepFinished)}
    assert outcomes["0.2"] is Outcome.CANCELLED
    assert engine.plans == []


def test_nothing_is_written_when_any_platform_fails(
    project: Path, workshop: Workshop, engine: Engines
) -> None:
    written = Written()
    engine.failing = {ARM64}

    with pytest.raises(ImageError):
        build(project, [AMD64, ARM64], [written], workshop, silent_step())
    assert written.images == []


def test_a_plan_is_told_with_its_key(project: Path, workshop: Workshop) -> None:
    events: list[Event] = []

    plan = make_plan(read_project(project), AMD64, workshop, Step("", events.append, lambda: 0.0))

    (decided,) = (event for event in events if isinstance(event, PlanDecided))
    assert (decided.platform, decided.wheels) == ("linux/amd64", 2)
    assert decided.key.startswith("sha256:")
    assert plan.created == 1_700_000_000


def test_a_lock_is_read_once_for_each_target(project: Path, workshop: Workshop) -> None:
    """What was read is remembered by what the lock says, and not by where it lies."""
    first = make_plan(read_project(project), AMD64, workshop, silent_step())
    measured: list[str] = []

    def measure(wheel: LockedWheel) -> int:
        measured.append(wheel.name)
        return wheel.size

    again = replace(workshop, measure=measure)
    second = make_plan(read_project(project), AMD64, again, silent_step())
    known = list(measured)
    make_plan(read_project(project), ARM64, again, silent_step())

    assert second == first
    assert known == []
    assert measured == ["other", "toy"]


def test_a_changed_lock_is_read_again(project: Path, workshop: Workshop) -> None:
    make_plan(read_project(project), AMD64, workshop, silent_step())
    locked_project(project, [ToyWheel(version="2.0")])

    plan = make_plan(read_project(project), AMD64, workshop, silent_step())

    assert [wheel.version for wheel in plan.wheels] == ["2.0"]


def test_sizes_that_a_lock_does_not_say_are_measured(project: Path, workshop: Workshop) -> None:
    lock = project / "pylock.toml"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join(line.replace("size = ", "x-size = ") for line in lines))

    plan = make_plan(read_project(project), AMD64, workshop, silent_step())

    assert {wheel.size for wheel in plan.wheels} == {77}


def test_an_sdist_is_built_and_planned_as_a_wheel(project: Path, workshop: Workshop) -> None:
    (project / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "me"\n[[packages]]\nname = "old"\nversion = "1.0"\n'
        '[packages.sdist]\nurl = "https://x.example/old-1.0.tar.gz"\n'
        f'hashes = {{sha256 = "{Digest.of(b"s").hex}"}}\n'
    )

    plan = make_plan(read_project(project), AMD64, workshop, silent_step())

    assert [wheel.filename for wheel in plan.wheels] == ["old-1.0-py3-none-any.whl"]


def test_an_own_wheel_is_made_again_once_where_nothing_remembered_counts(
    tmp_path: Path, workshop: Workshop
) -> None:
    own_backend(tmp_path / "own", ToyWheel(name="own"))
    found: list[Event] = []

    for renewal in ("", "", "new"):
        here = replace(workshop, renewal=renewal)
        step = Step("", found.append, lambda: 0.0)
        build(tmp_path / "own", [AMD64, ARM64], [], here, step)

    names = [event.name for event in found if isinstance(event, StepStarted)]
    assert names.count("wheel of own") == 2


def test_an_own_wheel_for_another_python_is_refused(tmp_path: Path, workshop: Workshop) -> None:
    """The backend runs in the Python of this machine, which need not be the image's."""
    own_backend(tmp_path, ToyWheel(name="own", tag="cp313-cp313-linux_x86_64"))

    with pytest.raises(ProjectError, match="cp313-cp313-linux_x86_64") as caught:
        make_plan(read_project(tmp_path), AMD64, workshop, silent_step())

    assert "linux/amd64, Python 3.11" in str(caught.value)


def test_an_own_wheel_of_this_machine_is_not_for_other_platforms(
    tmp_path: Path, workshop: Workshop
) -> None:
    own_backend(tmp_path, ToyWheel(name="own", tag="cp311-cp311-linux_x86_64"))

    plan = make_plan(read_project(tmp_path), AMD64, workshop, silent_step())
    with pytest.raises(ProjectError, match="linux/arm64"):
        make_plan(read_project(tmp_path), ARM64, workshop, silent_step())

    assert [wheel.name for wheel in plan.wheels] == ["own"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.lamina]\npython = '3.12'\n", "carries Python 3.11, and the project wants 3.12"),
        (
            "[project]\nname = 'x'\nrequires-python = '>=3.12'\n",
            "carries Python 3.11.2, and the project requires >=3.12",
        ),
    ],
)
def test_a_base_with_another_python_is_refused(
    tmp_path: Path, workshop: Workshop, text: str, message: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(ProjectError, match=message):
        make_plan(read_project(tmp_path), AMD64, workshop, silent_step())


def test_files_go_below_the_working_directory_with_plain_modes(
    project: Path, workshop: Workshop
) -> None:
    """The umask of a checkout must not change the image."""
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o700)
    (project / "data.txt").write_text("1")
    (project / "data.txt").chmod(0o600)

    plan = make_plan(read_project(project), AMD64, workshop, silent_step())

    (files,) = (layer for layer in plan.layers if isinstance(layer, FileLayer))
    modes = {file.path: file.mode for file in files.files}
    assert modes["app/run.sh"] == 0o755
    assert modes["app/data.txt"] == 0o644
    assert list(modes) == sorted(modes)


def test_the_root_may_be_the_working_directory(project: Path, workshop: Workshop) -> None:
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text() + 'working-directory = "/"\n')

    plan = make_plan(read_project(project), AMD64, workshop, silent_step())

    assert "pyproject.toml" in {
        file.path for layer in plan.layers if isinstance(layer, FileLayer) for file in layer.files
    }


def test_a_distributable_project_gives_its_wheel_and_only_included_files(
    tmp_path: Path, workshop: Workshop
) -> None:
    project = tmp_path / "own"
    own_backend(project, ToyWheel(name="own"))
    (project / "model.bin").write_bytes(b"weights")
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text() + 'include = ["*.bin"]\n')

    plan = make_plan(read_project(project), AMD64, workshop, silent_step())

    assert [layer.name for layer in plan.layers] == ["files", "own"]
    assert [
        file.path for layer in plan.layers if isinstance(layer, FileLayer) for file in layer.files
    ] == ["app/model.bin"]


def test_an_own_wheel_that_a_crash_spoiled_is_built_again(
    tmp_path: Path, workshop: Workshop
) -> None:
    own_backend(tmp_path / "own", ToyWheel(name="own"))
    project = read_project(tmp_path / "own")
    before = make_plan(project, AMD64, workshop, silent_step())
    path = workshop.store.wheel_path(before.wheels[0].digest)
    path.chmod(0o644)
    path.write_bytes(b"")

    after = make_plan(project, AMD64, workshop, silent_step())

    assert after == before
    assert Digest.of(path.read_bytes()) == before.wheels[0].digest


def test_a_plan_can_be_printed_as_json(project: Path, workshop: Workshop) -> None:
    plan = make_plan(read_project(project), AMD64, workshop, silent_step())

    assert str(project) not in json.dumps(plan_to_json(plan))
