"""What if: one change that was not made yet → the steps that it would run again; pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lamina.explain.compare import Verdict, compare
from lamina.explain.context import Context, Entry, clean
from lamina.explain.fingerprint import Fingerprint
from lamina.explain.join import join
from lamina.explain.model import model
from lamina.explain.steps import Model
from lamina.history.record import BuildRecord, StepKey

COMMIT: Final = re.compile(
    r"(?i)(?:^|_)(?:git|commit|sha|revision|vcs|build_?(?:date|time|number|id))(?:_|$)"
)
"""Names of arguments that every commit gives another value."""

_CHANGED: Final = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """A step that would run; ``is_sure`` unless it depends on bytes that nobody knows yet."""

    name: str
    line: int
    platform: str = ""
    seconds: float | None = None
    is_sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What one change would run again.

    ``rate`` is the part of commits that make it, None where nobody knows.  ``note`` says why
    nothing runs, where that may be a surprise.
    """

    change: str
    steps: int
    reruns: tuple[Rerun, ...] = ()
    rate: float | None = None
    note: str = ""

    @property
    def seconds(self) -> float | None:
        """Seconds of the steps that run, those that only may run included; None if unknown."""
        known = [run.seconds for run in self.reruns if run.seconds is not None]
        return sum(known) if known or not self.reruns else None

    @property
    def sure_seconds(self) -> float | None:
        """Seconds of the steps that run for certain."""
        sure = [run for run in self.reruns if run.is_sure]
        known = [run.seconds for run in sure if run.seconds is not None]
        return sum(known) if known or not sure else None

    @property
    def expected(self) -> float:
        """Seconds that a commit costs for this change, on average."""
        return (self.rate or 0.0) * (self.seconds or 0.0)


class Oracle:
    """Forecasts for one build; raises ``InputError`` where its Dockerfile cannot be read.

    ``record`` and ``costs`` say how long steps take: a past build, and what they usually took.
    """

    def __init__(
        self,
        found: Fingerprint,
        record: BuildRecord | None = None,
        costs: Mapping[StepKey, float] | None = None,
    ) -> None:
        plain = {k: v for k, v in found.options.items() if not k.startswith("no-cache")}
        self._found = replace(found, options=plain)
        self._model = model(self._found)
        self._seconds = _seconds(self._model, record, costs or {})

    def file(self, path: str, *, rate: float | None = None) -> Forecast:
        """Say what an edit of a file runs, a new one, or one below a folder."""
        path = clean(path)
        changed = replace(self._found, context=_edited(self._found.context, path))
        forecast = self._forecast(f"edit {path or '.'}", changed, rate=rate)
        if forecast.reruns:
            return forecast
        return replace(forecast, note="no step takes it from the context")

    def argument(self, name: str) -> Forecast:
        """Say what another value of an argument runs."""
        given = self._found.arguments.get(name, "")
        changed = {**self._found.arguments, name: f"{given}{_CHANGED}"}
        forecast = self._forecast(f"ARG {name}", replace(self._found, arguments=changed))
        if forecast.reruns:
            return forecast
        return replace(forecast, note="no step that is built comes after an ARG of this name")

    def commit(self, names: Iterable[str], revision: str) -> Forecast:
        """Say what a commit runs that changes no file: arguments that tell it, and ``.git``."""
        told = [
            name
            for name in names
            if COMMIT.search(name) or _is_revision(self._found.arguments.get(name, ""), revision)
        ]
        given = self._found.arguments
        changed = replace(
            self._found,
            arguments={**given, **{n: f"{given.get(n, '')}{_CHANGED}" for n in told}},
            context=_edited(self._found.context, ".git", is_new=False),
        )
        shown = f" (ARG {', '.join(told)})" if told else ""
        forecast = self._forecast(f"a new commit{shown}", changed, rate=1.0)
        note = "" if forecast.reruns else "no argument tells the commit, and .git is not copied"
        return replace(forecast, note=note)

    def files(self, rate: Callable[[str], float]) -> list[Forecast]:
        """Forecast each file of the context, the dearest by commit first."""
        groups: dict[tuple[int, ...], Forecast] = {}
        found = []
        for entry in self._found.context.entries:
            if entry.kind == "d":
                continue
            takers = tuple(s.id for s in self._model.steps if entry.path in s.files)
            if takers not in groups:
                groups[takers] = self.file(entry.path)
            how_often = rate(entry.path)
            found.append(replace(groups[takers], change=f"edit {entry.path}", rate=how_often))
        return sorted(found, key=lambda f: (-f.expected, -(f.seconds or 0.0), f.change))

    def _forecast(
        self, change: str, changed: Fingerprint, *, rate: float | None = None
    ) -> Forecast:
        judged = [one for one in compare(self._model, model(changed)) if one.step.keyword != "FROM"]
        reruns = (
            Rerun(
                name=" ".join(one.step.text.split()),
                line=one.step.line,
                platform=one.step.platform,
                seconds=self._seconds.get(one.step.id),
                is_sure=one.verdict is not Verdict.MAYBE,
            )
            for one in judged
            if one.verdict is not Verdict.SAME
        )
        return Forecast(change=change, steps=len(judged), reruns=tuple(reruns), rate=rate)


def _seconds(
    found: Model, record: BuildRecord | None, costs: Mapping[StepKey, float]
) -> dict[int, float]:
    if record is None:
        return {}
    reported = join(found, record)
    return {
        id_: costs.get(step.key, step.seconds)
        for id_, step in reported.items()
        if step.key in costs or step.is_miss
    }


def _edited(context: Context, path: str, *, is_new: bool = True) -> Context:
    """Change a file's bytes, or those of all files below a folder; else add the file."""
    below = f"{path}/" if path else ""
    is_there = False
    entries: list[Entry] = []
    for entry in context.entries:
        is_meant = entry.path == path or entry.path.startswith(below)
        if is_meant and entry.kind != "d":
            is_there = True
            entries.append(replace(entry, digest=f"{entry.digest}0"))
        else:
            entries.append(entry)
    if not is_there and is_new:
        entries.append(Entry(path=path, kind="f", mode=0o644, digest="0"))
    return replace(context, entries=tuple(entries))


def _is_revision(value: str, revision: str) -> bool:
    shortest = 7
    return len(value) >= shortest and revision.startswith(value)
