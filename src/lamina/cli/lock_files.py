"""Writing locks: whole or not at all, and not where nothing changed."""

from pathlib import Path

from lamina.durable import incoming
from lamina.project.base_pin import FILE
from lamina.project.lock_file import LockFile, render_lock_file
from lamina.project.project import Project


def write_text(path: Path, text: str) -> None:
    """Write a file of the project."""
    with incoming(path.absolute().parent) as new:
        new.file.write(text.encode())
        new.commit(path, mode=0o644)


def write_lock_file(project: Project, lock_file: LockFile) -> Path:
    """Bring ``lamina.lock.toml`` up to date, and return where it is; an empty one is removed.

    An unchanged file is not touched, for builds look at the times of files.
    """
    path = project.directory / FILE
    if not lock_file:
        path.unlink(missing_ok=True)
    elif lock_file != LockFile(base_pins=project.base_pins, layers=project.layers):
        write_text(path, render_lock_file(lock_file))
    return path
