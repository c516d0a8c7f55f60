"""BuildKit's vertices become steps of ours, as they are told."""

import json
from collections.abc import Iterator
from itertools import count

from lamina.engines.buildkit.progress import Progress
from lamina.events import Event, StepFinished, StepLogged, StepStarted
from lamina.steps import Step

T = "2026-01-01T00:00:0{}Z"


def status(*vertices: dict[str, object], logs: tuple[dict[str, object], ...] = ()) -> str:
    return json.dumps({"vertexes": list(vertices), **({"logs": list(logs)} if logs else {})},
                      separators=(",", ":"))  # fmt: skip


def vertex(digest: str, name: str, **more: object) -> dict[str, object]:
    return {"digest": digest, "name": name, "started": T.format(1), **more}


def told(*lines: str) -> list[Event]:
    events: list[Event] = []
    ticks: Iterator[int] = count()
    progress = Progress(Step("", events.append, lambda: 0.0), lambda: float(next(ticks)))
    for line in lines:
        progress.feed(f"{line}\n")
    progress.close()
    return events


def test_steps_begin_print_and_end() -> None:
    name = "[group-1-x 1/1] RUN install"
    log: dict[str, object] = {"vertex": "sha256:a", "data": "aGVsbG8K", "timestamp": T.format(2)}

    events = told(
        status(vertex("sha256:a", name)),
        status(logs=(log,)),
        status(vertex("sha256:a", name, completed=T.format(3))),
    )

    assert [type(event) for event in events] == [StepStarted, StepLogged, StepFinished]
    assert isinstance(events[0], StepStarted)
    assert events[0].name == name
    assert isinstance(events[1], StepLogged)
    assert events[1].line == "hello"


def test_what_the_cache_has_is_cached_and_what_fails_says_why() -> None:
    events = told(
        status(vertex("sha256:a", "[a 1/1] RUN a", completed=T.format(2), cached=True)),
        status(vertex("sha256:b", "[b 1/1] RUN b", completed=T.format(2), error="exit code: 1")),
    )

    ended = [event for event in events if isinstance(event, StepFinished)]
    assert [(event.outcome, event.error) for event in ended] == [
        ("cached", ""),
        ("failed", "exit code: 1"),
    ]


def test_a_step_that_is_cut_off_is_cancelled() -> None:
    events = told(status(vertex("sha256:a", "[a 1/1] RUN a")))

    assert [e.outcome for e in events if isinstance(e, StepFinished)] == ["cancelled"]
