"""What is doubtful about a lock: its age, and other locks beside it that say otherwise."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.lock.read import LockSource
from lamina.lock.stale import disagreement, stale_lock
from lamina.project.detect.requirement_files import PLACES
from lamina.project.locks import LOCKS, TOOLS
from lamina.project.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A lock, the pyproject.toml that it was made from, and the locks beside it by name."""

    name: str
    text: str
    project: str
    pyproject: str
    others: tuple[tuple[str, str], ...]

    @property
    def identity(self) -> list[Any]:
        """Everything that decides what is doubtful."""
        return [self.name, self.text, self.project, self.pyproject, [list(o) for o in self.others]]


def surroundings(project: Project, source: LockSource) -> Surroundings | None:
    """Read what stands around a lock; None where nothing can be doubtful."""
    path = source.path
    if path is None or not source.is_pinned:
        return None
    folder = project.directory
    beside = () if project.settings.requirements else tuple(n for n in LOCKS if n != path.name)
    others = tuple((name, text) for name in beside if (text := _text(folder / name)))
    if not others and path.name not in TOOLS:
        return None
    return Surroundings(
        name=path.name,
        text=source.text,
        project=project.name,
        pyproject=_text(folder / "pyproject.toml"),
        others=others,
    )


def unread_list(project: Project, source: LockSource) -> str:
    """Say which file lists dependencies where the image has none; empty where there is none."""
    if source.path is not None or source.text.strip():
        return ""
    found = next((name for name in PLACES if (project.directory / name).is_file()), "")
    if not found:
        return ""
    return (
        f"{found} lists dependencies, and no build reads it: the image has none; "
        f"`lamina lock --from {found}` makes a lock of it"
    )


def doubts(around: Surroundings) -> tuple[str, ...]:
    """Say what the user should know, a sentence each."""
    found = (
        stale_lock(around.text, around.name, _parsed(around.pyproject), project=around.project),
        disagreement(around.text, around.name, around.others),
    )
    return tuple(text for text in found if text)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}
