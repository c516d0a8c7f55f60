"""What a project's image installs, as pip reads it, for Dockerfiles that Lamina does not build."""

from lamina.cli import wiring
from lamina.project.project import Project
from lamina.scaffold.requirements import requirements_text


def pip_lock(project: Project, *, python: str) -> str:
    """Return the lock as requirements; that of uv through uv.  Raises ``LockError``."""
    return requirements_text(project, python=python, uv_lock=_uv_lock(project))


def _uv_lock(project: Project) -> str:
    if project.requirements is None or project.requirements.name != "uv.lock":
        return ""
    settings = project.settings
    uv = wiring.uv_program(is_pinned=True)
    return uv.export(project.directory, extras=settings.extras, groups=settings.groups)
