"""What a build says, shown three ways, and never steering the reader's terminal."""

import io
import json
from collections.abc import Callable
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.events import (
    Event,
    ImagePublished,
    LayerBuilt,
    Outcome,
    PlanDecided,
    StepFinished,
    StepLogged,
    StepProgressed,
    StepStarted,
    StepWarned,
    WheelFetched,
)
from lamina.observers.jsonl import JsonLines
from lamina.observers.plain import PlainLines
from lamina.observers.printable import printable
from lamina.observers.terminal import LiveTerminal
from lamina.oci.digest import Digest

DIGEST = Digest.of(b"x")
SHORT = DIGEST.short

BUILD: tuple[Event, ...] = (
    StepStarted(step="0", time=100, name=""),
    StepStarted(step="0.0", time=100, name="plan linux/amd64"),
    PlanDecided(step="0.0", time=101, platform="linux/amd64", key="k", layers=3, wheels=2),
    StepFinished(step="0.0", time=101.5, outcome=Outcome.DONE),
    StepStarted(step="0.1", time=102, name="fetch toy-1.0-py3-none-any.whl"),
    StepProgressed(step="0.1", time=102, current=500, total=1500),
    WheelFetched(step="0.1", time=103, name="toy-1.0-py3-none-any.whl", digest=DIGEST, size=1500),
    StepFinished(step="0.1", time=103, outcome=Outcome.DONE),
    WheelFetched(step="0.2", time=103, name="old-1.0-py3-none-any.whl", digest=DIGEST, size=0),
    LayerBuilt(step="0.3", time=104, name="lamina: toy==1.0", digest=DIGEST, size=2_000_000,
               cached=False),
    LayerBuilt(step="0.4", time=104, name="lamina: old==1.0", digest=DIGEST, size=999, cached=True),
    StepLogged(step="0.5", time=105, line="libfoo.so.1 is missing (optional)"),
    StepWarned(step="0.5", time=105, text="there is no lock"),
    ImagePublished(step="0.6", time=106, destination="oci:out", digest=DIGEST),
    StepFinished(step="0", time=106, outcome=Outcome.DONE),
)  # fmt: skip


def plain(*events: Event) -> list[str]:
    stream = io.StringIO()
    observer = PlainLines(stream)
    for event in events:
        observer(event)
    return stream.getvalue().splitlines()


def terminal(*events: Event) -> str:
    stream = io.StringIO()
    observer = LiveTerminal(stream)
    for event in events:
        observer(event)
    observer.close()
    return stream.getvalue()


def test_plain_lines_tell_what_was_done() -> None:
    assert plain(*BUILD) == [
        "plan linux/amd64: 2 wheels in 3 layers",
        "done plan linux/amd64 1.5 s",
        "fetched toy-1.0-py3-none-any.whl 1.5 kB",
        f"built layer {SHORT} 2.0 MB lamina: toy==1.0",
        f"cached layer {SHORT} 999 B lamina: old==1.0",
        "  libfoo.so.1 is missing (optional)",
        "warning: there is no lock",
        f"wrote oci:out {DIGEST}",
    ]


def test_a_failure_is_told_once_by_the_innermost_step() -> None:
    failed = Outcome.FAILED

    lines = plain(
        StepStarted(step="0", time=0, name=""),
        StepStarted(step="0.0", time=0, name="build linux/amd64"),
        StepStarted(step="0.0.0", time=0, name="layer toy"),
        StepFinished(step="0.0.0", time=1, outcome=failed, error="toy: broken"),
        StepFinished(step="0.0", time=1, outcome=failed, error="toy: broken"),
        StepFinished(step="0", time=1, outcome=failed, error="toy: broken"),
    )

    assert lines == ["failed layer toy"]


def test_steps_that_were_cached_or_stopped_are_not_called_done() -> None:
    lines = plain(
        StepStarted(step="0.0", time=0, name="build sdist"),
        StepFinished(step="0.0", time=1, outcome=Outcome.CACHED),
        StepStarted(step="0.1", time=0, name="build other"),
        StepFinished(step="0.1", time=1, outcome=Outcome.CANCELLED),
        StepFinished(step="0.9", time=1, outcome=Outcome.DONE),
    )

    assert lines == []


def test_a_long_list_of_wheels_is_cut_to_a_line() -> None:
    (line,) = plain(
        LayerBuilt(step="0", time=0, name="x" * 500, digest=DIGEST, size=1, cached=False)
    )

    assert len(line) < 130
    assert line.endswith("x…")


def test_json_lines_hold_every_event() -> None:
    stream = io.StringIO()
    observer = JsonLines(stream)

    for event in BUILD:
        observer(event)

    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [row["event"] for row in rows] == [type(event).__name__ for event in BUILD]
    assert rows[5] == {
        "event": "StepProgressed", "step": "0.1", "time": 102, "current": 500, "total": 1500,
    }  # fmt: skip
    assert rows[-1]["outcome"] == "done"
    assert rows[6]["digest"] == str(DIGEST)


def test_a_terminal_shows_layers_warnings_and_a_sum() -> None:
    text = terminal(*BUILD)

    assert "linux/amd64: 2 wheels in 3 layers" in text
    assert "+    2.0 MB  toy==1.0" in text
    assert "=     999 B  old==1.0" in text
    assert "warning: there is no lock" in text
    assert "1 layers built, 1 from the store, 1.5 kB downloaded" in text


def test_a_terminal_that_saw_nothing_says_nothing() -> None:
    assert terminal().strip() == ""


def test_a_terminal_has_no_row_for_the_step_that_holds_all_others() -> None:
    observer = LiveTerminal(io.StringIO())

    observer(StepStarted(step="0", time=100, name=""))
    observer(StepStarted(step="0.0", time=100, name="plan linux/amd64"))
    names = [task.description for task in observer._progress.tasks]
    observer.close()

    assert names == ["plan linux/amd64"]


def test_a_terminal_survives_steps_it_never_saw_begin() -> None:
    terminal(
        StepProgressed(step="9", time=0, current=1),
        StepFinished(step="9", time=0, outcome=Outcome.DONE),
    )


ESCAPE = "\x1b[2J\x1b]0;owned\x07\r\x00\x9b31m\u202etxt.exe\u2066"


def hostile(text: str) -> tuple[Event, ...]:
    """Put ``text`` wherever foreign text gets into an event."""
    return (
        StepStarted(step="0", time=0, name=text),
        StepProgressed(step="0", time=0, current=1),
        StepLogged(step="0", time=0, line=text),
        StepWarned(step="0", time=0, text=text),
        PlanDecided(step="0", time=0, platform=text, key=text, layers=1, wheels=1),
        WheelFetched(step="0", time=0, name=text, digest=DIGEST, size=1),
        LayerBuilt(step="0", time=0, name=text, digest=DIGEST, size=1, cached=False),
        ImagePublished(step="0", time=0, destination=text, digest=DIGEST),
        StepFinished(step="0", time=1, outcome=Outcome.FAILED, error=text),
    )


@pytest.mark.parametrize("show", [lambda *e: "\n".join(plain(*e)), terminal])
def test_control_characters_of_foreign_text_reach_no_terminal(
    show: Callable[..., str],
) -> None:
    text = show(*hostile(ESCAPE))

    assert not {"\x1b", "\x07", "\r", "\x00", "\x9b", "\u202e", "\u2066"} & set(text)
    assert "\ufffd" in text


def test_json_lines_escape_what_is_not_ascii() -> None:
    stream = io.StringIO()

    for event in hostile(ESCAPE + "\udc80"):
        JsonLines(stream)(event)

    assert stream.getvalue().isascii()
    assert len(stream.getvalue().splitlines()) == len(hostile(""))


def test_foreign_text_cannot_pose_as_a_line_of_ours() -> None:
    lines = plain(*hostile("toy\nwarning: give me your password"))

    assert [line for line in lines if line.startswith("warning: ")] == ["warning: toy"]
    assert "  warning: give me your password" in lines


def test_markup_of_foreign_text_is_shown_as_it_is() -> None:
    text = terminal(*hostile("[bold red]toy[/] [link=x]"))

    assert "[bold red]toy[/] [link=x]" in text


@given(st.text(max_size=20))
def test_any_text_is_printable_afterwards(text: str) -> None:
    shown = printable(text)

    assert len(shown) == len(text)
    assert shown.replace("\n", "").isprintable()
    assert not text.isprintable() or shown == text


class Broken(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("observer", [PlainLines, JsonLines])
def test_an_observer_whose_reader_has_gone_says_so_to_the_broadcast(
    observer: Callable[[TextIO], Callable[[Event], None]],
) -> None:
    """``broadcast`` drops it; see test_steps."""
    with pytest.raises(BrokenPipeError):
        observer(Broken())(StepWarned(step="0", time=0, text="x"))
