"""Plausible histories: builds of made-up images over weeks, in any number, always the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from lamina.history.phases import phase_seconds
from lamina.history.record import (
    BuildOutcome,
    BuildRecord,
    ImageRecord,
    LayerRecord,
    StepKind,
    StepOutcome,
    StepRecord,
)
from lamina.oci.digest import Digest
from lamina.plan.component import Component

FIRST_BUILD = 1_790_000_000.0
_PAUSE_S = 5400.0
_PLATFORM = "linux/amd64"
_PARTS: tuple[tuple[str, Component, float, float, int], ...] = (
    ("base", Component.BASE, 31.5, 4.1, 0),
    ("system", Component.SYSTEM, 12.2, 1.7, 0),
    ("environment", Component.ENVIRONMENT, 0.02, 0.1, 0),
    ("catboost", Component.DEPENDENCIES, 98.7, 6.9, 1),
    ("xgboost-cpu", Component.DEPENDENCIES, 5.1, 0.6, 1),
    ("pyarrow", Component.DEPENDENCIES, 38.2, 3.0, 1),
    ("scipy", Component.DEPENDENCIES, 37.9, 3.4, 1),
    ("llvmlite", Component.DEPENDENCIES, 43.9, 2.8, 1),
    ("scikit-learn", Component.DEPENDENCIES, 12.9, 1.6, 1),
    ("pandas", Component.DEPENDENCIES, 12.6, 1.5, 1),
    ("numpy", Component.DEPENDENCIES, 18.1, 1.4, 1),
    ("plotly", Component.DEPENDENCIES, 15.7, 2.2, 1),
    ("matplotlib", Component.DEPENDENCIES, 8.6, 1.1, 1),
    ("dependencies", Component.DEPENDENCIES, 21.4, 3.9, 61),
    ("application", Component.APPLICATION, 0.31, 0.4, 0),
)
"""Name, component, megabytes, seconds when it has to be made, and distributions inside."""


@dataclass(slots=True)
class _Image:
    """An image as it changes from build to build: a version of each of its parts."""

    name: str
    versions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_names(), 1))
    made: set[tuple[str, int]] = field(default_factory=set)


def _names() -> list[str]:
    return [part for part, *_ in _PARTS]


def past_builds(
    count: int, *, images: Sequence[str] = ("shop/agent",), seed: int = 1
) -> Iterator[BuildRecord]:
    """Yield ``count`` builds by our engine, oldest first, spread over the images.

    Most are edits of the source or change nothing; some move a dependency or the base, some fail.
    """
    random = Random(seed)
    known = [_Image(name) for name in images]
    for number in range(count):
        image = known[number % len(known)]
        _change(image, random)
        started = FIRST_BUILD + number * _PAUSE_S + random.uniform(0, 2000)
        yield _build(image, f"{number:06x}{seed:010x}", started, random)


def _change(image: _Image, random: Random) -> None:
    chance = random.random()
    if chance < 0.55:
        image.versions["application"] += 1
    elif chance < 0.70:
        image.versions[random.choice(_names()[3:-1])] += 1
    elif chance < 0.73:
        image.versions["base"] += 1
        image.versions["system"] += 1


def _build(image: _Image, id_: str, started: float, random: Random) -> BuildRecord:
    clock = 0.3 + random.uniform(0, 0.1)
    steps = [_step("0.0", "plan linux/amd64", StepKind.PLAN, 0.0, clock)]
    layers = []
    lanes = [clock, clock]  # two layers are made at a time
    fails = random.random() < 0.04
    for number, part in enumerate(_PARTS):
        name, version = part[0], image.versions[part[0]]
        is_cached = (name, version) in image.made
        took = 0.0 if is_cached else part[3] * random.uniform(0.85, 1.3)
        lane = lanes.index(min(lanes))
        is_last = fails and name == "application"
        step = StepRecord(
            id=f"0.1.{number}", name=f"layer {name}", kind=StepKind.LAYER, text=name,
            platform=_PLATFORM, started=lanes[lane], seconds=took, inputs=("0.0",), parent="0.1",
            outcome=_outcome(is_cached=is_cached, is_failed=is_last),
            error="the project's wheel cannot be built" if is_last else "",
        )  # fmt: skip
        lanes[lane] += took
        steps.append(step)
        layers.append(_layer(part, version, step))
        if not is_last:
            image.made.add((name, version))
    steps.insert(1, _step("0.1", "build linux/amd64", StepKind.BUILD, clock, max(lanes)))
    clock = max(lanes)
    if not fails:
        took = 0.4 + random.uniform(0, 0.5)
        steps.append(_step("0.2", "write", StepKind.PUSH, clock, clock + took, "0.1"))
        clock += took
    size = sum(layer.size for layer in layers)
    active = {step.id: [(step.started, step.started + step.seconds)] for step in steps}
    return BuildRecord(
        id=id_, started=started, seconds=clock, engine="native", project="", branch="main",
        outcome=BuildOutcome.FAILED if fails else BuildOutcome.DONE,
        error="the project's wheel cannot be built" if fails else "",
        names=(f"registry.example.com/{image.name}:{id_[:6]}",), platforms=(_PLATFORM,),
        revision=Digest.of(id_.encode()).hex[:40], steps=tuple(steps),
        layers=() if fails else tuple(layers), phases=phase_seconds(steps, active, clock),
        images=() if fails else (
            ImageRecord(digest=str(Digest.of(id_.encode())), platform=_PLATFORM, size=size),
        ),
    )  # fmt: skip


def _outcome(*, is_cached: bool, is_failed: bool) -> StepOutcome:
    if is_failed:
        return StepOutcome.FAILED
    return StepOutcome.CACHED if is_cached else StepOutcome.DONE


def _step(
    id_: str, name: str, kind: StepKind, started: float, ended: float, *inputs: str
) -> StepRecord:
    return StepRecord(
        id=id_, name=name, kind=kind, text=name, platform=_PLATFORM, started=started,
        seconds=ended - started, inputs=inputs,
    )  # fmt: skip


def _layer(
    part: tuple[str, Component, float, float, int], version: int, step: StepRecord
) -> LayerRecord:
    name, component, megabytes, _, count = part
    size = round(megabytes * 1e6 * (1 + 0.004 * (version - 1)))
    contents = [f"{name}=={version}.0"] if count == 1 else []
    if count > 1:
        moved = [(version + count - 2 - number) // count for number in range(count)]
        contents = [f"package-{number}==1.{times}" for number, times in enumerate(moved)]
    return LayerRecord(
        digest=str(Digest.of(f"{name} {version}".encode())), size=size, name=f"lamina: {name}",
        part=name, component=component, cached=step.outcome is StepOutcome.CACHED,
        platform=_PLATFORM, step=step.id, distributions=tuple(contents),
    )  # fmt: skip
