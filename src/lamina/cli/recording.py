"""Recording of builds: which circumstances are noted, and when the history takes in what waits."""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lamina.cli.clock import now
from lamina.cli.environment import environment
from lamina.history.circumstances import circumstances
from lamina.history.location import (
    history_location,
    is_postgresql,
    location_problem,
    spool_location,
)
from lamina.history.spool import SUFFIX, is_due
from lamina.history.tool import VERSION
from lamina.observers.recorder import Recorder

if TYPE_CHECKING:  # 15 ms, for nothing in most builds
    from lamina.history.record import BuildRecord
    from lamina.history.rows import BuildRow

_PATIENCE_S = 1.0
"""How long a build that is done waits for somebody else who writes the history."""


class Audience(Protocol):
    """Somebody who wants to know of a build when it has ended, besides the history."""

    def ready(self) -> None:
        """Be done with the history, which is about to take in the build."""

    def hear(self, record: "BuildRecord", row: "BuildRow") -> Iterable[str]:
        """Take note; return what the user should know, a line each."""


class Recording:
    """A build's recorder, the history that it is for, and who else wants to know.

    ``path`` is where the recorder writes, and ``passing`` what has to be cleaned up there.
    ``location`` is empty where there is no history; the ``audience`` is told all the same.
    """

    def __init__(
        self,
        recorder: Recorder,
        path: Path,
        location: str,
        *,
        audience: Sequence[Audience] = (),
        passing: ExitStack | None = None,
    ) -> None:
        self.recorder = recorder
        self._path = path
        self._location = location
        self._audience = audience
        self._passing = passing or ExitStack()

    def finish(self) -> Iterator[str]:
        """End the record, and say what the user should know of it, a line each."""
        with self._passing:
            record = self._record() if self._audience else None
            for listener in self._audience:
                with suppress(Exception):  # one that fails costs the others nothing
                    listener.ready()
            self.recorder.close()
            yield from self._drained(is_urgent=record is not None)
            if record is not None:
                yield from self._told(record)

    def _record(self) -> "BuildRecord | None":
        """Read what was noted, while nobody else may."""
        from lamina.history.spooled import record_of  # noqa: PLC0415 - seldom needed

        try:
            return record_of(self._path.read_bytes())
        except OSError:  # the recorder says why
            return None

    def _drained(self, *, is_urgent: bool) -> tuple[str, ...]:
        if self.recorder.problem:
            return (self.recorder.problem,)
        if not self._location or not (is_urgent or self._is_due()):
            return ()
        from lamina.history.drain import drain  # noqa: PLC0415 - 40 ms, and rarely due

        return drain(
            self._location, self._path.parent, patience_s=_PATIENCE_S, waits=False, now=now()
        )

    def _is_due(self) -> bool:
        if is_postgresql(self._location):
            return True
        return is_due(self._path.parent, Path(self._location), self.recorder.seconds)

    def _told(self, record: "BuildRecord") -> Iterator[str]:
        from lamina.history.figures import figures  # noqa: PLC0415 - seldom needed

        row = figures(self._location, record)
        for listener in self._audience:
            with suppress(Exception):  # as above
                yield from listener.hear(record, row)


def record_build(
    directory: Path,
    names: Sequence[str],
    *,
    engine: str = "native",
    audience: Sequence[Audience] = (),
) -> Recording | None:
    """Begin to record a build of the project in ``directory``.

    None where there is no history, and nobody else who wants to know.
    """
    variables, passing = environment(), ExitStack()
    location, spool = history_location(variables), spool_location(variables)
    problem = location_problem(variables)
    if not location or spool is None:
        if not audience and problem is None:
            return None
        location, spool = "", _passing_folder(passing)
    id_ = secrets.token_hex(8)
    header = {
        "kind": "build",
        "engine": engine,
        "tool": VERSION,
        "project": directory.resolve().name,
        "names": list(names),
        "host": os.uname().nodename,
        **_circumstances(variables, directory),
    }
    path = spool / f"{id_}{SUFFIX}"
    recorder = Recorder(spool, id_, header)
    if problem:
        recorder.problem = f"this build is not recorded: {problem}"
    return Recording(recorder, path, location, audience=audience, passing=passing)


def _passing_folder(passing: ExitStack) -> Path:
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - seldom needed

    return Path(passing.enter_context(TemporaryDirectory(prefix="lamina-")))


def _circumstances(variables: Mapping[str, str], directory: Path) -> dict[str, str]:
    try:
        return circumstances(variables, directory)
    except OSError:  # a folder that cannot be looked into is the build's own to complain about
        return {}
