"""The plan as a Dockerfile that stands by itself: BuildKit and the project are all it needs.

Targets are ``builder``, ``dev`` and, last and so the default, ``production``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from lamina.dockerfile.annotated import Paragraph, annotated
from lamina.dockerfile.instructions import Copy, From
from lamina.engines.buildkit import stages
from lamina.engines.buildkit.dev import Dev, dev_stages
from lamina.engines.buildkit.foundation import foundation_of
from lamina.engines.buildkit.groups import groups_of, one_group
from lamina.engines.buildkit.runtime import configuration_of, environment_of, programs_of
from lamina.engines.buildkit.scripts import LAYER
from lamina.plan.lean import check_whole
from lamina.plan.plan import BuildPlan, FileLayer
from lamina.project.project import Project

PATH: Final = "docker/Dockerfile"
REQUIREMENTS: Final = "requirements.txt"
_START: Final = 400
_HEAD: Final = """\
# Written by `lamina dockerfile`; settings are in [tool.lamina] of pyproject.toml.
# Built by `lamina build --engine buildkit`, or without Lamina by
#   DOCKER_BUILDKIT=1 docker build -f {path} .
# with a Docker of 23.0 or later.  Secrets, none of them needed:
#   --secret id=uv,src=uv.toml  --secret id=pip,src=pip.conf  --secret id=netrc,src=$HOME/.netrc
#   --secret id=ca,src=ca-certificates.crt

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a Dockerfile finds in its context.

    ``lock`` is the path of the requirements, empty where nothing is depended on; ``is_pinned``
    says that each has a version and hashes.  ``dev`` is None where no target for developers is
    wanted.
    """

    lock: str = REQUIREMENTS
    is_pinned: bool = True
    dev: Dev | None = None
    path: str = PATH


def has_dockerfile(project: Project) -> bool:
    """Say whether the project has a Dockerfile of ours, or settings for one."""
    try:
        text = (project.directory / PATH).read_text("utf-8", "replace")
    except OSError:
        text = ""
    return bool(project.settings.buildkit) or _HEAD.partition("\n")[0] in text[:_START]


def render_plan(project: Project, plan: BuildPlan, source: Source) -> str:
    """Write the Dockerfile.

    Raises ``ProjectError`` for what the language cannot say.
    """
    check_whole(plan)
    return _HEAD.format(path=source.path) + annotated(list(_paragraphs(project, plan, source)))


def _paragraphs(project: Project, plan: BuildPlan, source: Source) -> Iterable[Paragraph]:
    foundation = foundation_of(project)
    groups = groups_of(plan) if source.lock else ()
    if groups and not source.is_pinned:
        groups = one_group(groups)
    yield stages.base_argument(foundation)
    yield from stages.builder(plan, foundation)
    if groups:
        yield from stages.lock(source.lock, groups)
    yield from (stages.group(found, is_pinned=source.is_pinned) for found in groups)
    if project.is_distributable:
        yield from stages.own_wheel(plan, is_versioned_by_tags=project.is_versioned_by_tags)
    copies = _files(project, plan)
    if copies:
        yield stages.files(plan, copies)
    yield from stages.runtime(plan, foundation)
    names = [found.name for found in groups]
    environment = (*map(stages.copied, names), *environment_of(plan))
    if source.dev:
        yield from dev_stages(project, plan, source.dev, environment, lock=source.lock)
    yield Paragraph(
        instructions=(From(image="runtime", name="production"), *environment),
        comment="The image that runs.",
    )
    own = (["files"] if copies else []) + (["project"] if project.is_distributable else [])
    yield Paragraph(
        instructions=tuple(map(stages.copied, own)), comment="What changes most comes last."
    )
    yield Paragraph(instructions=(*configuration_of(plan), *programs_of(plan)))


def _files(project: Project, plan: BuildPlan) -> tuple[Copy, ...]:
    """Copy what goes in as it is: the files that the plan names, or all of a plain project."""
    root = f"{LAYER}{plan.runtime.working_directory}".rstrip("/")
    if not project.is_distributable:
        return (Copy(sources=(".",), destination=f"{root}/"),)
    rows: dict[str, list[str]] = {}
    for layer in plan.layers:
        for file in layer.files if isinstance(layer, FileLayer) else ():
            relative = PurePosixPath(f"/{file.path}").relative_to(plan.runtime.working_directory)
            rows.setdefault(str(relative.parent), []).append(str(relative))
    return tuple(
        Copy(sources=tuple(names), destination=f"{PurePosixPath(root, folder)}/", is_json=True)
        for folder, names in rows.items()
    )
