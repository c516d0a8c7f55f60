"""A plan of what is known without network: from the names in a lock, for who writes a Dockerfile.

Its wheels have no digests and its base none, so only what a Dockerfile says follows from it.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from lamina.engines.buildkit.dev import Dev
from lamina.engines.buildkit.dockerfile import PATH, Source, render_plan
from lamina.lock.lock import Lock, LockedWheel
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.plan.decide import decide
from lamina.plan.plan import BaseImage, BuildPlan, PlannedFile
from lamina.project.files import included_files
from lamina.project.project import Project

_LISTS: Final = frozenset({".txt", ".in", ".pip"})
_NOTHING: Final = Digest.of(b"")
_LISTED: Final = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)[^\n=]*==\s*(?P<version>[^\s;\\]+)", re.MULTILINE
)
_ANY_NAME: Final = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)


def project_dockerfile(  # noqa: PLR0913 - what a project may have
    project: Project,
    *,
    lock_text: str = "",
    sizes: Mapping[str, int] | None = None,
    dev_group: str = "",
    dev_requirements: str = "",
    has_dev: bool = True,
    path: str = PATH,
) -> dict[str, str]:
    """Write the Dockerfile of ``project`` and what has to stand beside it: text by path.

    ``lock_text`` are the requirements as pip reads them; where the project has no such file they
    are written to ``docker/requirements.txt``.  ``sizes`` are bytes of wheels by name, as far as
    they are known; without any, all distributions are one group.  Raises ``ProjectError`` for
    what a Dockerfile cannot say.
    """
    files: dict[str, str] = {}
    lock = own_lock(project)
    if lock_text.strip() and not lock:
        lock = beside(path)
        files[lock] = lock_text
    source = Source(
        lock=lock if lock_text.strip() else "",
        is_pinned="--hash=" in lock_text,
        dev=Dev(group=dev_group, requirements=dev_requirements) if has_dev else None,
        path=path,
    )
    plan = sketched(project, lock_text, sizes or {})
    return {path: render_plan(project, plan, source), **files}


def sketched(project: Project, lock_text: str, sizes: Mapping[str, int]) -> BuildPlan:
    """Decide a plan as if the lock's wheels had these sizes."""
    return decide(
        project,
        lock=Lock(wheels=tuple(_wheels(lock_text, sizes))),
        base=BaseImage(
            reference=project.settings.base,
            platform=Platform.parse("linux/amd64"),
            digest=_NOTHING,
            python="",
            python_full="",
            interpreter="",
            glibc=(2, 36),
        ),
        own_wheel=_wheel(project.name, project.version, 0) if project.is_distributable else None,
        files=[_file(found, project) for found in included_files(project)],
    )


def own_lock(project: Project) -> str:
    """Return the path of the project's requirements as pip reads them; empty where there is none.

    Locks of other tools are not that.
    """
    found = project.requirements
    is_listed = found is not None and found.suffix in _LISTS
    return found.relative_to(project.directory).as_posix() if found and is_listed else ""


def beside(path: str) -> str:
    """Say where requirements stand that are written along with the Dockerfile at ``path``."""
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}requirements.txt"


def _wheels(text: str, sizes: Mapping[str, int]) -> Iterator[LockedWheel]:
    """Take the names out of requirements; those with a marker count like the others."""
    versions = {m["name"]: m["version"] for m in _LISTED.finditer(text)}
    names = dict.fromkeys(match["name"] for match in _ANY_NAME.finditer(text))
    found = {canonicalize_name(name): versions.get(name, "") for name in names}
    for name, version in sorted(found.items()):
        yield _wheel(name, version, sizes.get(name, 0))


def _wheel(name: str, version: str, size: int) -> LockedWheel:
    return LockedWheel(name=name, version=version, filename="", digest=_NOTHING, size=size)


def _file(path: Path, project: Project) -> PlannedFile:
    root = project.settings.working_directory.strip("/")
    relative = path.relative_to(project.directory).as_posix()
    full = f"{root}/{relative}" if root else relative
    return PlannedFile(path=full, digest=_NOTHING, size=0, mode=0o644, source=str(path))
