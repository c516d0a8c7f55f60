"""Outside: whether a folder that a lock names belongs to the repository of the project."""

from pathlib import Path

from lamina.project.project import Project
from lamina.project.repository import repository_of


def outside_of(project: Project, folder: Path) -> Path | None:
    """Return the folder that ``folder`` should be in and is not, None if it is.

    That is the repository of the project; where there is none, the folder of its lock, which is
    that of a workspace for its members.
    """
    own = project.directory.resolve()
    lock = project.requirements.resolve().parent if project.requirements else own
    root = repository_of(own) or (lock if own.is_relative_to(lock) else own)
    return None if folder.resolve().is_relative_to(root) else root
