"""The Dockerfile of a project and what stands beside it, for every command that writes it."""

import tomllib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

from lamina.build import make_plan
from lamina.cli import wiring
from lamina.engines.buildkit.dev import Dev
from lamina.engines.buildkit.dockerfile import PATH, Source, render_plan
from lamina.engines.buildkit.requirements import dependencies_of
from lamina.engines.buildkit.sdists import SdistsAsTheyAre
from lamina.engines.buildkit.sketch import beside, own_lock
from lamina.lock.read import find_lock
from lamina.oci.platform import Platform
from lamina.plan.plan import BuildPlan
from lamina.project.project import Project

PLATFORM: Final = "linux/amd64"
"""Whose wheels decide the groups, so that all machines write the same."""

_DEVELOPERS: Final = ("dev", "develop", "development")


def plans_of(
    project: Project,
    platforms: Collection[Platform],
    *,
    offline: bool = False,
    insecure: Collection[str] = (),
) -> list[BuildPlan]:
    """Decide a plan for each platform; sdists stay what they are."""
    workshop = replace(
        wiring.workshop(project.directory, offline=offline, insecure=insecure),
        sdists=SdistsAsTheyAre(),
    )
    with wiring.listening("plain") as step:
        return [make_plan(project, platform, workshop, step) for platform in platforms]


def dockerfile_files(
    project: Project, plan: BuildPlan, *, lock_text: str, dev_group: str, path: str = PATH
) -> dict[str, str]:
    """Write the files, text by path, the Dockerfile first.

    ``lock_text`` are requirements as pip reads them; they are written beside the Dockerfile where
    the project has no such file.  Raises ``ProjectError`` for what a Dockerfile cannot say.
    """
    has_any = bool(dependencies_of(plan))
    lock, files = own_lock(project), dict[str, str]()
    if has_any and not lock:
        lock = beside(path)
        files[lock] = lock_text
    source = Source(
        lock=lock if has_any else "",
        is_pinned=find_lock(project).is_pinned or bool(files),
        dev=Dev(group=dev_group),
        path=path,
    )
    return {path: render_plan(project, plan, source), **files}


def developers(directory: Path, wanted: str = "") -> str:
    """Name the dependency group for developers, ``wanted`` or a usual one; empty without one."""
    path = directory / "pyproject.toml"
    document = tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
    groups = document.get("dependency-groups", {})
    return next((name for name in ([wanted] if wanted else _DEVELOPERS) if name in groups), "")
