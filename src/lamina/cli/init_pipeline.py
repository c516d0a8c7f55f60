"""The pipeline that `lamina init` writes, and what it asks the machine about it."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final, Literal

from packaging.specifiers import SpecifierSet

from lamina.cli.main_branch import main_branch
from lamina.errors import ProjectError, UsageError
from lamina.project.detect.guess import Guess
from lamina.project.project import Project
from lamina.project.python_base import base_with_python
from lamina.scaffold.installed import is_pinned, is_word, requirement_of
from lamina.scaffold.marker import Origin, origin
from lamina.scaffold.workflow import (
    GITHUB_PATH,
    GITLAB_PATH,
    PipelineFacts,
    github_workflow,
    gitlab_pipeline,
    remembered,
)

_PYTHONS: Final = ("3.11", "3.12", "3.13")
_WRITERS: Final = {
    "github": (GITHUB_PATH, github_workflow),
    "gitlab": (GITLAB_PATH, gitlab_pipeline),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked for; an empty text leaves it to us."""

    pipeline: Literal["github", "gitlab", "none"]
    branch: str = ""
    requirement: str = ""
    engine: Literal["native", "buildkit"] = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """``texts`` by path, ``reasons`` for people as those of ``Detected``; nothing where none is."""

    texts: Mapping[str, str]
    reasons: tuple[tuple[str, str, str], ...] = ()
    advice: tuple[str, ...] = ()


def requirement(text: str) -> str:
    """Check what is asked for as ``--lamina``; raise ``UsageError`` where it is no requirement."""
    if is_word(text):
        return text
    raise UsageError("this is not a requirement that a pipeline can hand to pip", where="--lamina")


def pipeline_of(project: Project, python: str, wishes: Wishes) -> Pipeline:
    """Write the pipeline, for the repository whose top the project is.

    What an earlier one was told is kept.
    """
    if wishes.pipeline == "none":
        return Pipeline(texts={})
    top = project.directory.resolve()
    root = next((p for p in (top, *top.parents) if (p / ".git").exists()), None)
    if root not in {None, top}:
        print(
            f"no pipeline: {project.directory} is not the top of its repository ({root}), "
            "where pipelines are looked for",
            file=sys.stderr,
        )
        return Pipeline(texts={})
    path, write = _WRITERS[wishes.pipeline]
    before = _remembered(project.directory / path)
    branch = _branch(project.directory, before, wishes)
    place = wishes.requirement or before.get("requirement", "") or _own_requirement()
    facts = replace(_facts(project, python, wishes), branch=branch.value, requirement=place)
    return Pipeline(
        texts={path: write(facts)},
        reasons=(("branch", branch.value, branch.why),),
        advice=tuple(_advice(path, place)),
    )


def _facts(project: Project, python: str, wishes: Wishes) -> PipelineFacts:
    lock = project.requirements
    return PipelineFacts(
        name=project.name,
        base=project.settings.base,
        pythons=tuple(_pythons(project, python)),
        engine=wishes.engine,
        locks=(lock.relative_to(project.directory).as_posix(),) if lock else (),
        has_budgets=bool(project.settings.budgets),
    )


def _remembered(path: Path) -> Mapping[str, str]:
    """Read what our own pipeline was written with; somebody else's says nothing."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    return {} if origin(text) is Origin.FOREIGN else remembered(text)


def _branch(directory: Path, before: Mapping[str, str], wishes: Wishes) -> Guess[str]:
    if wishes.branch:
        return Guess(value=wishes.branch, why="--branch says so")
    if branch := before.get("branch"):
        return Guess(value=branch, why="the pipeline has it already")
    return main_branch(directory / ".git")


def _own_requirement() -> str:
    """Say where this Lamina came from, if other machines can get it there."""
    with suppress(PackageNotFoundError):
        return requirement_of(distribution("lamina").read_text("direct_url.json") or "")
    return ""


def _advice(path: str, place: str) -> Iterator[str]:
    if not place:
        yield (
            f"{path} does not know where Lamina comes from, and ends with an error until it does: "
            "lamina init --lamina REQUIREMENT, such as a repository with a commit or a wheel with "
            "its hash"
        )
    elif not is_pinned(place):
        yield f"{place} may be another Lamina tomorrow: name a version, a commit or a hash"


def _pythons(project: Project, own: str) -> Iterator[str]:
    """Name the Pythons to build with: the base's own, then others that fit and have a base."""
    yield own
    allowed = SpecifierSet(project.requires_python)
    for minor in _PYTHONS:
        if minor == own or not project.requires_python or f"{minor}.99" not in allowed:
            continue
        try:
            base_with_python(project.settings.base, minor)
        except ProjectError:
            continue
        yield minor
