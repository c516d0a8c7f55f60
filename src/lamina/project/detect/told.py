"""Told: what a Dockerfile that somebody wrote says of the image, and what of it is taken over."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lamina.project.detect.dependencies import Dependencies
from lamina.project.detect.guess import Guess
from lamina.project.detect.layout import Layout
from lamina.project.detect.service import Service
from lamina.project.detect.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """``program`` is what the image starts, with its line; empty where that is not plain words.

    ``environment`` and ``packages`` are what it sets and what it installs with apt, each with its
    line.  ``left`` are instructions that have no counterpart.
    """

    file: str = ""
    program: tuple[str, ...] = ()
    line: int = 0
    working_directory: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    packages: tuple[tuple[str, int], ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a program is looked for in."""

    snapshot: Snapshot
    dependencies: Dependencies
    layout: Layout


def with_told(service: Service, told: Told, place: Place) -> Service:
    """Start what the Dockerfile starts, if the image will have it; add the variables it sets."""
    environment = {**told.environment, **service.environment}
    service = replace(service, environment=environment)
    words = _placed(told, place.snapshot)
    if not words or not _is_there(words[0], place):
        return service
    files = [word for word in words[1:] if word in place.snapshot.paths]
    include = (*service.include, *files) if place.layout.is_distributable else service.include
    why = f"{told.file}, line {told.line} starts it so"
    return replace(
        service,
        entrypoint=Guess(value=words, why=why),
        include=tuple(dict.fromkeys(include)),
    )


def packages_with_told(found: tuple[Guess[str], ...], told: Told) -> tuple[Guess[str], ...]:
    """Add the packages that the Dockerfile installs."""
    known = {guess.value for guess in found}
    added = (
        Guess(value=name, why=f"{told.file}, line {line} installs it")
        for name, line in dict(told.packages).items()
        if name not in known
    )
    return (*found, *added)


def told_advice(service: Service, told: Told) -> Iterator[str]:
    """Say what of the Dockerfile has not been taken over."""
    left = list(told.left)
    if told.program and not service.entrypoint.why.startswith(f"{told.file}, line"):
        left.append(f"{' '.join(told.program)} (line {told.line})")
    if left:
        yield f"not taken over from {told.file}: {'; '.join(left)}"


def _placed(told: Told, snapshot: Snapshot) -> tuple[str, ...]:
    """Write paths below the working directory as relative; none where another is absolute."""
    root = told.working_directory.rstrip("/") + "/"
    words = []
    for word in told.program:
        relative = word.removeprefix(root)
        if word.startswith("/") and relative not in snapshot.paths:
            return ()
        words.append(relative if word.startswith("/") else word)
    return tuple(words)


def _is_there(program: str, place: Place) -> bool:
    is_python = program in {"python", "python3"}
    names = {*place.dependencies.listed, *place.layout.scripts}
    return is_python or program in names
