"""What `lamina init` lets other packages write: the Dockerfile, and the pipeline of CI."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

from packaging.specifiers import SpecifierSet

from lamina.build import make_plan
from lamina.cli import wiring
from lamina.engines.buildkit.sketch import project_dockerfile
from lamina.errors import LaminaError, ProjectError
from lamina.oci.platform import Platform
from lamina.project.detect.detect import Detected
from lamina.project.project import Project
from lamina.project.python_base import base_with_python
from lamina.scaffold.requirements import requirements_text
from lamina.scaffold.workflow import (
    GITHUB_PATH,
    GITLAB_PATH,
    PipelineFacts,
    github_workflow,
    gitlab_pipeline,
)

_DEVELOPERS: Final = ("dev", "develop", "development")
_PYTHONS: Final = ("3.11", "3.12", "3.13")
_PLATFORM: Final = "linux/amd64"
_WRITERS: Final = {
    "github": (GITHUB_PATH, github_workflow),
    "gitlab": (GITLAB_PATH, gitlab_pipeline),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked for."""

    pipeline: Literal["github", "gitlab", "none"]
    branch: str
    engine: Literal["native", "buildkit"]
    is_offline: bool


def dockerfile_texts(project: Project, detected: Detected, wishes: Wishes) -> Mapping[str, str]:
    """Write the Dockerfile and what stands beside it; none for a base that it cannot start from."""
    try:
        uv_lock = _uv_lock(project)
        text = requirements_text(project, python=detected.python.value, uv_lock=uv_lock)
        return project_dockerfile(
            project,
            lock_text=text,
            sizes=_sizes(project, is_offline=wishes.is_offline),
            dev_group=_developers(detected),
        )
    except ProjectError as error:
        print(f"no Dockerfile: {error.what}", file=sys.stderr)
        return {}


def pipeline_texts(project: Project, detected: Detected, wishes: Wishes) -> Mapping[str, str]:
    """Write the pipeline, for the repository whose top the project is."""
    if wishes.pipeline == "none":
        return {}
    root = _repository(project.directory.resolve())
    if root is not None and root != project.directory.resolve():
        print(
            f"no pipeline: {project.directory} is not the top of its repository ({root}), "
            "where pipelines are looked for",
            file=sys.stderr,
        )
        return {}
    path, write = _WRITERS[wishes.pipeline]
    lock = project.requirements
    facts = PipelineFacts(
        name=project.name,
        base=project.settings.base,
        pythons=tuple(_pythons(project, detected.python.value)),
        branch=wishes.branch,
        engine=wishes.engine,
        locks=(lock.relative_to(project.directory).as_posix(),) if lock else (),
        requirement=f"lamina=={version('lamina')}",
        has_budgets=bool(project.settings.budgets),
    )
    return {path: write(facts)}


def _uv_lock(project: Project) -> str:
    if project.requirements is None or project.requirements.name != "uv.lock":
        return ""
    settings = project.settings
    uv = wiring.uv_program(is_pinned=True)
    return uv.export(project.directory, extras=settings.extras, groups=settings.groups)


def _sizes(project: Project, *, is_offline: bool) -> Mapping[str, int]:
    """Find out how large the wheels are, from the store or the index; nothing where unknown."""
    try:
        with wiring.listening("plain") as step:
            workshop = wiring.workshop(project.directory, offline=is_offline)
            plan = make_plan(project, Platform.parse(_PLATFORM), workshop, step)
    except LaminaError as error:
        print(
            f"the Dockerfile gets one layer of dependencies, for their sizes are not known: "
            f"{error.what}",
            file=sys.stderr,
        )
        return {}
    return {wheel.name: wheel.size for wheel in plan.wheels}


def _developers(detected: Detected) -> str:
    groups = {name for kind, name in detected.dependencies.optional if kind == "group"}
    return next((name for name in _DEVELOPERS if name in groups), "")


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


def _repository(directory: Path) -> Path | None:
    return next((p for p in (directory, *directory.parents) if (p / ".git").exists()), None)
