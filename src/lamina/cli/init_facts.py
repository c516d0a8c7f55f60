"""The Dockerfile that `lamina init` writes, and what stands beside it."""

import sys
from collections.abc import Mapping

from lamina.cli.dockerfile_files import PLATFORM, developers, dockerfile_files, plans_of
from lamina.cli.pip_lock import pip_lock
from lamina.engines.buildkit.sketch import project_dockerfile
from lamina.errors import LaminaError, ProjectError
from lamina.oci.platform import Platform
from lamina.plan.plan import BuildPlan
from lamina.project.detect.detect import Detected
from lamina.project.project import Project


def dockerfile_texts(
    project: Project, detected: Detected, *, is_offline: bool
) -> Mapping[str, str]:
    """Write what `lamina dockerfile` writes; a sketch of it where no plan can be made.

    Nothing for a base that no Dockerfile can start from.
    """
    group = developers(project.directory)
    try:
        plan = _plan(project, is_offline=is_offline)
        python = plan.base.python if plan else detected.python.value
        text = pip_lock(project, python=python)
        if plan is not None:
            return dockerfile_files(project, plan, lock_text=text, dev_group=group)
        return project_dockerfile(project, lock_text=text, dev_group=group)
    except ProjectError as error:
        print(f"no Dockerfile: {error.what}", file=sys.stderr)
        return {}


def _plan(project: Project, *, is_offline: bool) -> BuildPlan | None:
    """Decide the plan, with sizes from the store or the index; None where they are not known."""
    try:
        return plans_of(project, [Platform.parse(PLATFORM)], offline=is_offline)[0]
    except LaminaError as error:
        print(
            f"the Dockerfile gets one layer of dependencies, for their sizes are not known: "
            f"{error.what}",
            file=sys.stderr,
        )
        return None
