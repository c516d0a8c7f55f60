"""Locked: the distributions of a project's lock, of all platforms, without asking anybody."""

from lamina.errors import LockError
from lamina.lock.named import named_distributions
from lamina.lock.read import find_lock
from lamina.project.project import Project
from lamina.scan.metadata import Distribution


def locked_distributions(project: Project) -> tuple[Distribution, ...]:
    """List what the project pins; raise ``LockError`` where it pins nothing or cannot be read."""
    source = find_lock(project)
    if not source.is_pinned:
        raise LockError("nothing is pinned, so no version can be looked up: run `lamina lock`")
    if source.path is None:
        return ()
    return tuple(
        Distribution(name=name, version=version, path=source.name)
        for name, version in named_distributions(source.text, source.name)
    )
