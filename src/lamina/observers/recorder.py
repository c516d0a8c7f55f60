"""Observer for the history: notes what a build says in the spool, and never fails it."""

import json
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from lamina.events import (
    Event,
    Outcome,
    StepFinished,
    StepLogged,
    StepProgressed,
    StepStarted,
    StepWarned,
    event_to_json,
)
from lamina.history.logins import hide_logins
from lamina.history.spool import SpoolWriter

_LOG_LINES: Final = 50
_LONGEST: Final = 4000
_MOST_EVENTS: Final = 50_000
_ROOT: Final = "0"


class Recorder:
    """Writes each event as it comes; what it keeps in memory is bounded by the running steps.

    Of a step's progress only the last word counts, and of its output only the end, if it fails.
    ``problem`` says in one line why the build is not recorded; it is empty when it is.
    """

    def __init__(self, folder: Path, id_: str, header: Mapping[str, Any]) -> None:
        self.problem = ""
        self.seconds = 0.0
        self._started = 0.0
        self._count = 0
        self._progress: dict[str, StepProgressed] = {}
        self._logs: dict[str, deque[StepLogged]] = {}
        self._spool: SpoolWriter | None = None
        try:
            self._spool = SpoolWriter(folder, id_, header)
        except OSError as error:
            self._give_up(error)

    def __call__(self, event: Event) -> None:
        """Note the event."""
        try:
            self._note(event)
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Give the build to whoever reads the spool; events that come later are lost."""
        spool, self._spool = self._spool, None
        if spool is not None:
            with suppress(OSError):
                spool.close()

    def _note(self, event: Event) -> None:
        match event:
            case StepProgressed():
                self._progress[event.step] = event
                return
            case StepLogged():
                lines = self._logs.setdefault(event.step, deque(maxlen=_LOG_LINES))
                lines.append(replace(event, line=event.line[:_LONGEST]))
                return
            case StepStarted() if event.step == _ROOT:
                self._started = event.time
            case StepStarted():
                event = replace(event, name=event.name[:_LONGEST])
            case StepWarned():
                event = replace(event, text=_hidden(event.text[:_LONGEST]))
            case StepFinished():
                self._end(event)
                event = replace(event, error=_hidden(event.error[:_LONGEST]))
            case _:
                pass
        self._write(event)

    def _end(self, event: StepFinished) -> None:
        """Write what was kept back of a step; the build's length is known with its root's."""
        progress = self._progress.pop(event.step, None)
        logs = self._logs.pop(event.step, ())
        if progress is not None:
            self._write(progress)
        if event.outcome in {Outcome.FAILED, Outcome.CANCELLED}:
            said = "\n".join(line.line.replace("\n", " ") for line in logs)
            for line, text in zip(logs, _hidden(said).split("\n"), strict=False):
                self._write(replace(line, line=text))
        if event.step == _ROOT:
            self.seconds = event.time - self._started

    def _write(self, event: Event) -> None:
        self._count += 1
        if self._spool is None or (self._count > _MOST_EVENTS and event.step != _ROOT):
            return
        line = json.dumps(event_to_json(event), separators=(",", ":"))
        self._spool.write(hide_logins(line))

    def _give_up(self, error: OSError) -> None:
        self.problem = self.problem or f"this build is not recorded: {error.strerror or error}"
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.drop()


def _hidden(text: str) -> str:
    """Hide the secrets in what programs said; most builds have nothing to hide."""
    if not text:
        return text
    from lamina.scan.secrets.hide import hide_secrets  # noqa: PLC0415 - seldom needed

    return hide_secrets(text)
