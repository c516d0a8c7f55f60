"""Advice: an order of steps that would have kept the dear ones, in one line each."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lamina.dockerfile.instructions import Run
from lamina.dockerfile.parse import parse
from lamina.dockerfile.shell import commands
from lamina.explain.compare import Change, Judged, Kind, Verdict
from lamina.explain.fingerprint import Fingerprint
from lamina.explain.steps import ModelStep
from lamina.history.record import StepRecord

_INSTALLS: Final = {
    ("pip", "install"): "requirements",
    ("pip3", "install"): "requirements",
    ("uv", "sync"): "pyproject.toml uv.lock",
    ("uv", "pip"): "requirements pyproject.toml",
    ("poetry", "install"): "pyproject.toml poetry.lock",
    ("pdm", "install"): "pyproject.toml pdm.lock",
    ("pdm", "sync"): "pyproject.toml pdm.lock",
    ("pipenv", "install"): "Pipfile",
    ("conda", "env"): "environment",
    ("conda", "install"): "environment",
    ("apt-get", "install"): "",
    ("apt", "install"): "",
    ("apk", "add"): "",
    ("dnf", "install"): "",
    ("npm", "ci"): "package",
    ("npm", "install"): "package",
    ("yarn", "install"): "package yarn.lock",
    ("pnpm", "install"): "package pnpm-lock",
    ("cargo", "fetch"): "Cargo",
    ("go", "mod"): "go.",
}
"""Programs that install what files name, and how the names of those files begin."""

_WORTH_S: Final = 0.05
_MODULE: Final = ("python", "python3")


def advise(
    judged: Iterable[Judged], missed: Mapping[int, StepRecord], found: Fingerprint
) -> tuple[str, ...]:
    """Name each installation that ran only because of a step before it that it does not need."""
    by_id = {one.step.id: one for one in judged}
    runs = {x.line: x for x in parse(found.dockerfile).instructions if isinstance(x, Run)}
    lines: list[str] = []
    for id_, step in missed.items():
        run = runs.get(by_id[id_].step.line)
        if by_id[id_].step.keyword != "RUN" or run is None or step.seconds < _WORTH_S:
            continue
        lines += _advice(by_id[id_], by_id, step.seconds, installed(run))
    return tuple(dict.fromkeys(lines))


def installed(run: Run) -> tuple[tuple[str, str], str] | None:
    """Return which installation a RUN does, and the starts of the names of files that it needs."""
    for words in commands(run.command):
        bare = words[2:] if words[0] in _MODULE and words[1:2] == ("-m",) else words
        program = bare[0].rpartition("/")[2] if bare else ""
        verb = next((word for word in bare[1:] if not word.startswith("-")), "")
        if (program, verb) in _INSTALLS:
            return (program, verb), _INSTALLS[program, verb]
    return None


def _advice(
    judged: Judged,
    by_id: Mapping[int, Judged],
    seconds: float,
    found: tuple[tuple[str, str], str] | None,
) -> Iterator[str]:
    if judged.verdict is Verdict.CHANGED:
        yield from _about_arguments(judged, seconds, found)
    if judged.verdict is not Verdict.BELOW or found is None:
        return
    (program, verb), needed = found
    for root in (by_id[n] for n in judged.roots if n != judged.step.id):
        names = [c.name for c in root.changes if c.kind is Kind.FILE and not c.is_weak]
        if root.step.keyword in {"COPY", "ADD"} and names and not _needs(names, needed):
            yield (
                f"{_place(root.step)} stands before `{program} {verb}` (line {judged.step.line}): "
                f"{_some(names)} made it run again, {seconds:.1f} s; "
                f"{_instead(needed)}"
            )


def _about_arguments(
    judged: Judged, seconds: float, found: tuple[tuple[str, str], str] | None
) -> Iterator[str]:
    """Name arguments that a command does not look at; they are in its key all the same."""
    strong = [change for change in judged.changes if not change.is_weak]
    if found is None or not strong or not all(map(_is_argument, strong)):
        return
    names = [change.name.removeprefix("ARG ") for change in strong]
    unused = [name for name in names if name not in judged.step.text]
    if len(unused) == len(names):
        yield (
            f"ARG {', '.join(unused)} is declared before `{' '.join(found[0])}` "
            f"(line {judged.step.line}), which does not use it: {seconds:.1f} s; "
            "declare it after the last step that does not need it"
        )


def _is_argument(change: Change) -> bool:
    return change.kind is Kind.VALUE and change.name.startswith("ARG ")


def _needs(names: Iterable[str], needed: str) -> bool:
    starts = tuple(needed.split())
    return bool(starts) and any(name.rpartition("/")[2].startswith(starts) for name in names)


def _instead(needed: str) -> str:
    if not needed:
        return "install before anything is copied"
    return "copy only the files that it reads first, and the rest after it"


def _place(step: ModelStep) -> str:
    return f"`{' '.join(step.text.split())}` (line {step.line})"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""  # noqa: PLR2004 - two are shown
    return ", ".join(names[:2]) + more
