"""Running code says what it does; whoever listens can neither stop it nor fail it."""

import json

import pytest

from lamina.errors import ArchiveError
from lamina.events import (
    Event,
    ImagePublished,
    LayerBuilt,
    Outcome,
    StepFinished,
    StepLogged,
    StepProgressed,
    StepStarted,
    StepWarned,
    event_to_json,
)
from lamina.oci.digest import Digest
from lamina.steps import Step, broadcast, silent_step


class Recorder:
    """Keeps events; its clock counts their times."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._time = 0.0

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def clock(self) -> float:
        self._time += 1
        return self._time

    def step(self, name: str = "build") -> Step:
        return Step(name, self, self.clock)


def test_a_step_says_when_it_starts_and_how_it_ends() -> None:
    recorder = Recorder()

    with recorder.step():
        pass

    assert recorder.events == [
        StepStarted(step="0", time=1, name="build"),
        StepFinished(step="0", time=2, outcome=Outcome.DONE),
    ]


def test_children_are_numbered_inside_their_parent() -> None:
    step = Recorder().step()

    first, second = step.child("a"), step.child("b")

    assert [first.id, first.child("x").id, second.id, second.name] == ["0.0", "0.0.0", "0.1", "b"]


@pytest.mark.parametrize(
    ("error", "outcome", "text"),
    [
        (ArchiveError("broken", where="a.whl"), Outcome.FAILED, "a.whl: broken"),
        (ValueError("odd"), Outcome.FAILED, "ValueError"),
        (KeyboardInterrupt(), Outcome.CANCELLED, ""),
    ],
)
def test_a_step_that_raises_says_so_and_does_not_hold_the_error_back(
    error: BaseException, outcome: Outcome, text: str
) -> None:
    recorder = Recorder()

    with pytest.raises(type(error)), recorder.step():
        raise error

    assert recorder.events[-1] == StepFinished(step="0", time=2, outcome=outcome, error=text)


def test_a_step_reports_bytes_lines_warnings_and_facts() -> None:
    recorder = Recorder()

    with recorder.step() as step:
        step.progress(1)
        step.progress(2, 4)
        step.log("compiling")
        step.warn("old")
        step.tell(ImagePublished, destination="oci:x", digest=Digest.of(b""))
        step.cached()

    assert recorder.events[1:] == [
        StepProgressed(step="0", time=2, current=1),
        StepProgressed(step="0", time=3, current=2, total=4),
        StepLogged(step="0", time=4, line="compiling"),
        StepWarned(step="0", time=5, text="old"),
        ImagePublished(step="0", time=6, destination="oci:x", digest=Digest.of(b"")),
        StepFinished(step="0", time=7, outcome=Outcome.CACHED),
    ]


def test_a_listener_that_fails_is_dropped_and_the_others_hear_on() -> None:
    heard = Recorder()
    calls = []

    def broken(event: Event) -> None:
        calls.append(event)
        raise RuntimeError("no screen")

    with Step("build", broadcast((broken, heard)), heard.clock) as step:
        step.log("one")

    assert len(calls) == 1
    assert len(heard.events) == 3


@pytest.mark.parametrize("error", [BrokenPipeError, UnicodeEncodeError, MemoryError])
def test_no_error_of_a_listener_reaches_the_build(error: type[Exception]) -> None:
    def broken(_: Event) -> None:
        raise error("ascii", "é", 0, 1, "no") if error is UnicodeEncodeError else error

    with Step("build", broadcast((broken,)), lambda: 0.0) as step:
        step.log("one")


def test_nobody_has_to_listen() -> None:
    with silent_step() as step, step.child("x") as child:
        child.log("anything")


def test_every_event_is_json() -> None:
    event = LayerBuilt(
        step="0.1", time=1.5, name="\x1b[31m toy", digest=Digest.of(b""), size=5, cached=True
    )
    finished = StepFinished(step="0", time=2.0, outcome=Outcome.FAILED, error="x")

    assert json.loads(json.dumps(event_to_json(event))) == {
        "event": "LayerBuilt",
        "step": "0.1",
        "time": 1.5,
        "name": "\x1b[31m toy",
        "digest": str(Digest.of(b"")),
        "size": 5,
        "cached": True,
        "part": "",
        "component": "other",
    }
    assert event_to_json(finished)["outcome"] == "failed"
