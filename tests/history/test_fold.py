"""A build's events become its record, whatever part of them arrived."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.events import (
    Event,
    ImageBuilt,
    LayerBuilt,
    Outcome,
    PlanDecided,
    StepLogged,
    StepProgressed,
    StepWarned,
    event_to_json,
)
from lamina.history.costs import efforts
from lamina.history.document import record_from_text, record_to_text
from lamina.history.fold import Header, fold
from lamina.history.record import (
    BuildOutcome,
    ImageRecord,
    StepKind,
    StepOutcome,
    StepRecord,
    TransferRecord,
)
from lamina.history.spooled import event_of
from lamina.plan.component import Component
from tests.history import builds
from tests.history.builds import COLD, WARM, digest, finished, made, started

HEADER = Header(id="b1", engine="native", names=("shop:1",), project="folder", branch="main")


def steps(*events: Event) -> dict[str, StepRecord]:
    return {step.name: step for step in fold(HEADER, events).steps}


def test_a_build_is_told_with_its_times_names_and_bytes() -> None:
    record = fold(HEADER, COLD)

    assert (record.id, record.engine, record.branch) == ("b1", "native", "main")
    assert (record.started, record.seconds, record.outcome) == (100, 15, BuildOutcome.DONE)
    assert (record.project, record.names, record.platforms) == (
        "shop", ("shop:1",), ("linux/amd64",),
    )  # fmt: skip
    assert record.images == (
        ImageRecord(digest=str(digest("image")), platform="linux/amd64", size=451),
    )
    assert record.image_size == 451
    assert record.digest == str(digest("image"))
    assert [wheel.bytes for wheel in record.wheels] == [50]
    assert record.transfers == (TransferRecord(digest=str(digest("big")), size=50, how="uploaded"),)
    assert [publication.destination for publication in record.publications] == ["docker://r/shop:1"]


def test_layers_come_from_the_bottom_up_with_what_they_are_for() -> None:
    record = fold(HEADER, COLD)

    assert [(x.part, x.component, x.size, x.cached, x.platform) for x in record.layers] == [
        ("base", Component.BASE, 300, False, "linux/amd64"),
        ("system", Component.SYSTEM, 100, False, "linux/amd64"),
        ("environment", Component.ENVIRONMENT, 1, False, "linux/amd64"),
        ("big-thing", Component.DEPENDENCIES, 50, False, "linux/amd64"),
    ]
    assert record.layers[3].distributions == ("big-thing==1.0",)


def test_a_layer_made_in_its_own_step_is_that_step() -> None:
    record = fold(HEADER, COLD)

    found = next(step for step in record.steps if step.id == record.layers[3].step)
    assert (found.name, found.kind, found.key) == (
        "layer big-thing", StepKind.LAYER, ("linux/amd64", "", "big-thing", 0),
    )  # fmt: skip
    assert (found.started, found.seconds, found.outcome) == (5, 4, StepOutcome.DONE)


def test_layers_made_in_one_step_divide_its_time_by_their_bytes() -> None:
    record = fold(HEADER, COLD)

    base, system = (s for s in record.steps if s.parent == "0.1.0")
    assert (base.text, base.seconds, base.kind) == ("base", 3, StepKind.LAYER)
    assert (system.text, system.seconds, system.kind) == ("system", 1, StepKind.LAYER)


def test_a_remembered_image_has_a_cached_step_for_each_layer() -> None:
    """They join with the steps that made the layers, so that it is known what was saved."""
    cold, warm = fold(HEADER, COLD), fold(HEADER, WARM)

    made_keys = {step.key for step in cold.steps if step.is_cacheable}
    hits = [step for step in warm.steps if step.is_hit]
    assert {step.key for step in hits} == made_keys
    assert sum(step.seconds for step in hits) == 0
    assert all(layer.cached for layer in warm.layers)


def test_a_layer_waits_for_its_wheels_and_the_check_for_all_layers() -> None:
    found = steps(*COLD)

    assert found["layer big-thing"].inputs == ("0.0", "0.1.2")
    assert found["layer environment"].inputs == ("0.0",)
    assert set(found["check"].inputs) >= {"0.1.0", "0.1.1", "0.1.3"}
    assert found["write"].inputs == ("0.1",)
    assert found["push 0123456789ab"].inputs == ("0.1",)


def test_time_is_divided_into_phases_in_which_parallel_work_counts_once() -> None:
    assert fold(HEADER, COLD).phases == {
        "plan": 1, "base": 5, "fetch": 3, "execute": 5, "check": 1, "push": 5,
    }  # fmt: skip


def test_time_in_which_no_step_ran_is_other() -> None:
    events = [
        started("0", 0, ""),
        started("0.0", 1, "plan x"),
        finished("0.0", 3),
        finished("0", 7),
    ]

    assert fold(HEADER, events).phases == {"plan": 2, "other": 5}


def test_a_failing_step_keeps_the_end_of_its_output() -> None:
    lines = [StepLogged(step="0.0.0", time=2, line=f"line {n}") for n in range(60)]
    error = "toy-1.tar.gz: no compiler"
    failed = Outcome.FAILED
    events = [
        started("0", 0, ""), started("0.0", 1, "plan linux/amd64"),
        started("0.0.0", 1, "build toy-1.tar.gz"), *lines,
        finished("0.0.0", 3, failed, error), finished("0.0", 3, failed, error),
        finished("0", 3, failed, error),
    ]  # fmt: skip

    record = fold(HEADER, events)

    step = next(s for s in record.steps if s.name == "build toy-1.tar.gz")
    assert (record.outcome, record.error) == (BuildOutcome.FAILED, error)
    assert (step.outcome, step.error, step.kind) == (StepOutcome.FAILED, error, StepKind.WHEEL)
    assert step.log == tuple(f"line {n}" for n in range(10, 60))


def test_a_step_that_ends_well_keeps_its_warnings_and_no_output() -> None:
    found = steps(
        started("0", 0, ""), started("0.0", 1, "check"),
        StepLogged(step="0.0", time=1, line="libfoo is missing"),
        StepWarned(step="0.0", time=1, text="old"), finished("0.0", 2), finished("0", 2),
    )  # fmt: skip

    assert (found["check"].log, found["check"].warnings) == ((), ("old",))


def test_progress_counts_with_its_largest_word() -> None:
    found = steps(
        started("0", 0, ""), started("0.0", 0, "pull 0123"),
        StepProgressed(step="0.0", time=1, current=500, total=900),
        StepProgressed(step="0.0", time=2, current=900, total=900),
        finished("0.0", 2),
    )  # fmt: skip

    assert (found["pull 0123"].bytes, found["pull 0123"].kind) == (900, StepKind.BASE)


def test_a_build_that_was_killed_is_interrupted_and_keeps_what_it_did() -> None:
    """The last word is that of the running layer; the build is as long as it was heard of."""
    cut = next(n for n, event in enumerate(COLD) if event.time == 109)

    record = fold(HEADER, COLD[:cut])

    found = {step.name: step for step in record.steps}
    assert (record.outcome, record.seconds) == (BuildOutcome.INTERRUPTED, 6)
    assert found["build linux/amd64"].outcome is StepOutcome.UNFINISHED
    assert found["layer big-thing"].outcome is StepOutcome.UNFINISHED
    assert found["layer big-thing"].is_miss
    assert found["fetch big_thing-1.0-py3-none-any.whl"].seconds == 3


def test_ctrl_c_is_a_cancelled_build() -> None:
    record = fold(HEADER, [started("0", 0, ""), finished("0", 2, Outcome.CANCELLED)])

    assert (record.outcome, record.seconds) == (BuildOutcome.CANCELLED, 2)


def test_layers_of_a_toolchain_are_in_no_image() -> None:
    record = fold(
        HEADER,
        [
            started("0", 0, ""), started("0.0", 0, "plan linux/amd64"),
            started("0.0.0", 0, "build toy-1.tar.gz"), started("0.0.0.0", 0, "toolchain"),
            LayerBuilt(step="0.0.0.0", time=1, name="x", digest=digest("x"), size=9, cached=False),
            finished("0", 2),
        ],
    )  # fmt: skip

    assert record.layers == ()
    assert [step for step in record.steps if step.is_cacheable] == []


def test_two_platforms_are_told_apart() -> None:
    def one(number: int, platform: str) -> list[Event]:
        name = f"0.{number}"
        return [
            started(name, number, f"build {platform}"), started(f"{name}.0", number, "layer files"),
            made(f"{name}.0", number, "files", 5), finished(f"{name}.0", number),
            finished(name, number),
        ]  # fmt: skip

    record = fold(HEADER, [started("0", 0, ""), *one(0, "linux/amd64"), *one(1, "linux/arm64")])

    assert [layer.platform for layer in record.layers] == ["linux/amd64", "linux/arm64"]
    assert len({step.key for step in record.steps}) == len(record.steps)


def test_a_layer_waits_for_the_wheel_that_is_built_for_it_on_whichever_platform() -> None:
    """The first platform's plan builds the project's own wheel, and the second one takes it."""
    told = (
        started("0", 100, ""),
        started("0.0", 100, "plan linux/amd64"),
        started("0.0.0", 100, "wheel of Shop_App"),
        finished("0.0.0", 107),
        started("0.0.1", 107, "build odd-thing-1.0.tar.gz"),
        finished("0.0.1", 109),
        finished("0.0", 109),
        started("0.1", 109, "build linux/arm64"),
        started("0.1.0", 109, "layer shop"),
        made("0.1.0", 110, "shop", 50, name="lamina: shop-app==1.0 odd-thing==1.0"),
        finished("0.1.0", 110),
        finished("0.1", 110),
        finished("0", 110),
    )

    record = fold(Header(id="1"), told)

    assert efforts(record) == {"0.1.0": 10.0}


def test_layers_that_are_called_the_same_are_numbered() -> None:
    """A base from a registry has many layers, all of which are the base."""
    record = fold(
        HEADER,
        [
            started("0.0", 0, "build linux/amd64"), started("0.0.0", 0, "base python:3.12"),
            *(made("0.0.0", 1, "base", 5, cached=True, name=str(n)) for n in range(3)),
        ],
    )  # fmt: skip

    assert [s.ordinal for s in record.steps if s.kind is StepKind.LAYER] == [0, 1, 2]


def test_nothing_makes_an_empty_record() -> None:
    record = fold(HEADER, [])

    assert (record.outcome, record.seconds, record.steps) == (BuildOutcome.INTERRUPTED, 0, ())


def test_a_clock_that_goes_back_makes_no_negative_time() -> None:
    record = fold(
        HEADER,
        [started("0", 100, ""), started("0.0", 99, "check"), finished("0.0", 98),
         finished("0", 97)],
    )  # fmt: skip

    assert record.seconds == 0
    assert [(step.started, step.seconds) for step in record.steps] == [(0, 0)]


@pytest.mark.parametrize("stream", [COLD, WARM])
def test_every_event_survives_being_written_and_read(stream: tuple[Event, ...]) -> None:
    rows = [json.loads(json.dumps(event_to_json(event))) for event in stream]

    assert [event_of(row) for row in rows] == list(stream)


@given(st.integers(0, len(COLD)), st.integers())
def test_any_part_of_a_stream_in_any_order_makes_a_record(length: int, seed: int) -> None:
    told = list(COLD[:length])
    random.Random(seed).shuffle(told)

    record = fold(HEADER, told)

    assert record_from_text(record_to_text(record)) == record


@given(st.lists(builds.events, max_size=30))
def test_no_stream_is_an_error(told: list[Event]) -> None:
    record = fold(HEADER, told)

    assert record_from_text(record_to_text(record)) == record
    assert len({step.id for step in record.steps}) == len(record.steps)
    assert all(step.seconds >= 0 and step.started >= 0 for step in record.steps)
    assert all(seconds >= 0 for seconds in record.phases.values())


def test_platforms_stand_in_the_order_that_they_were_asked_for_in() -> None:
    """They are planned and built together, and any may be ready first."""
    numbers = range(12)
    plans: list[Event] = [
        PlanDecided(
            step=f"0.{2 * n}",
            time=1,
            platform=f"linux/p{n}",
            key="k",
            layers=1,
            wheels=0,
            project="x",
        )
        for n in numbers
    ]
    images: list[Event] = [
        ImageBuilt(
            step=f"0.{2 * n + 1}", time=2, platform=f"linux/p{n}", digest=digest(str(n)), size=1
        )
        for n in numbers
    ]

    record = fold(HEADER, [*reversed(plans), *reversed(images)])

    assert record.platforms == tuple(f"linux/p{n}" for n in numbers)
    assert [image.platform for image in record.images] == [f"linux/p{n}" for n in numbers]
