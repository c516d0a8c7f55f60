"""Read the Dockerfile that a project has: what it starts, sets and installs; pure."""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from lamina.dockerfile.instructions import (
    Assignment,
    Dockerfile,
    Exec,
    Healthcheck,
    Instruction,
    Listing,
    Program,
    Run,
    Setting,
    Stage,
)
from lamina.dockerfile.parse import parse
from lamina.dockerfile.shell import commands
from lamina.errors import LaminaError
from lamina.project.detect.snapshot import Snapshot
from lamina.project.detect.told import Told

_FILES: Final = ("Dockerfile", "docker/Dockerfile", "Containerfile")
_SHELL: Final = frozenset("$&|;<>`()*?~\\")
_PACKAGE: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_OF_BUILDERS: Final = re.compile(
    r"build-essential|gcc.*|g\+\+.*|make|cmake|ninja-build|pkg-config|git|curl|wget|gnupg|"
    r"ca-certificates|apt-.*|python3?(-.*)?|software-properties-common|lsb-release|.*-dev"
)
_NOT_OURS: Final = re.compile(
    r"PATH|PYTHON.*|PIP_.*|UV_.*|POETRY_.*|VIRTUAL_ENV|DEBIAN_FRONTEND|LANG|LC_.*|HOME"
)
_SECRET: Final = re.compile(
    r".*(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY).*", re.IGNORECASE
)
_USUAL: Final = frozenset(
    {"pip", "pip3", "uv", "poetry", "pdm", "pipenv", "python", "python3", "apt-get", "apt", "rm",
     "mkdir", "useradd", "groupadd", "adduser", "addgroup", "chown", "chmod", "echo", "set", "cd",
     "export", "true", ":", "fi", "done"}
)  # fmt: skip
"""What a RUN starts that is done here without it, or that changes nothing by itself."""


def read_told(snapshot: Snapshot) -> Told:
    """Read the first Dockerfile of others; one that cannot be read says nothing."""
    path = next((name for name in _FILES if snapshot.text(name).strip()), "")
    if not path:
        return Told()
    try:
        parsed = parse(snapshot.text(path))
    except LaminaError:
        return Told(file=path, left=("nothing in it can be read",))
    rows = list(_of_last_stage(parsed))
    told = _program(rows, Told(file=path, working_directory=_directory(rows)))
    return replace(
        told,
        environment=dict(_environment(rows)),
        packages=tuple(dict(_packages(rows)).items()),
        left=(*told.left, *_left(rows)),
    )


def _of_last_stage(parsed: Dockerfile) -> Iterator[Instruction]:
    """Yield the instructions of the last stage, after those of the stages that it starts from."""
    if not parsed.stages:
        return
    by_name: dict[str, Stage] = {}
    chains: dict[int, tuple[Stage, ...]] = {}
    for stage in parsed.stages:
        below = by_name.get(stage.start.image)
        chains[stage.number] = (*(chains[below.number] if below else ()), stage)
        by_name[stage.start.name or str(stage.number)] = stage
    for stage in chains[parsed.stages[-1].number]:
        yield from stage.instructions


def _directory(rows: Iterable[Instruction]) -> str:
    values = [r.value for r in rows if isinstance(r, Setting) and r.keyword == "WORKDIR"]
    return values[-1] if values else "/"


def _program(rows: Iterable[Instruction], told: Told) -> Told:
    """Join the entry point and its arguments, where both are plain words."""
    found = {row.keyword: row for row in rows if isinstance(row, Program)}
    both = [row for keyword in ("ENTRYPOINT", "CMD") if (row := found.get(keyword))]
    words = [_words(row) for row in both]
    if not both or not all(words):
        left = tuple(
            f"{r.keyword} (line {r.line})" for r, w in zip(both, words, strict=True) if not w
        )
        return replace(told, left=left)
    return replace(told, program=tuple(w for each in words for w in each), line=both[0].line)


def _words(row: Program) -> tuple[str, ...]:
    match row.command:
        case Exec(words=words):
            return () if any("$" in word for word in words) else words
        case shell:
            if _SHELL & set(shell.text):
                return ()
            try:
                return tuple(shlex.split(shell.text))
            except ValueError:
                return ()


def _environment(rows: Iterable[Instruction]) -> Iterator[tuple[str, str]]:
    for name, value in _variables(rows):
        if _is_plain(name, value):
            yield name, value


def _variables(rows: Iterable[Instruction]) -> Iterator[tuple[str, str]]:
    for row in rows:
        if isinstance(row, Assignment) and row.keyword == "ENV":
            yield from ((name, value.strip("\"'")) for name, value in row.pairs)


def _is_plain(name: str, value: str) -> bool:
    return not (_NOT_OURS.fullmatch(name) or _SECRET.fullmatch(name) or "$" in value)


def _packages(rows: Iterable[Instruction]) -> Iterator[tuple[str, int]]:
    for row in rows:
        for words in commands(row.command) if isinstance(row, Run) else ():
            if words[0] in {"apt-get", "apt"} and "install" in words:
                for word in words[words.index("install") + 1 :]:
                    name = word.partition("=")[0]
                    if _PACKAGE.fullmatch(name) and not _OF_BUILDERS.fullmatch(name):
                        yield name, row.line


def _left(rows: Iterable[Instruction]) -> Iterator[str]:
    """Name what has no counterpart, or another value here."""
    for row in rows:
        if text := _not_taken(row):
            yield f"{text} (line {row.line})"


def _not_taken(row: Instruction) -> str:
    match row:
        case Setting(keyword="WORKDIR", value=value) if value.rstrip("/") not in {"/app", ""}:
            return f"WORKDIR {value}, which is /app here"
        case Setting(keyword="USER", value=value) if value != "nonroot":
            return f"USER {value}, which is nonroot here"
        case Listing(keyword="VOLUME", values=values):
            return f"VOLUME {' '.join(values)}"
        case Healthcheck(command=command) if command is not None:
            return "HEALTHCHECK"
        case _:
            return _names_not_taken(row)


def _names_not_taken(row: Instruction) -> str:
    match row:
        case Assignment(keyword="ENV"):
            names = [name for name, value in _variables([row]) if _is_left(name, value)]
            return f"ENV {' '.join(names)}" if names else ""
        case Run(command=command):
            programs = dict.fromkeys(w[0] for w in commands(command) if w[0] not in _USUAL)
            return f"RUN {', '.join(programs)}" if programs else ""
        case _:
            return ""


def _is_left(name: str, value: str) -> bool:
    return not _is_plain(name, value) and (name == "PYTHONPATH" or not _NOT_OURS.fullmatch(name))
