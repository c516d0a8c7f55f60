"""A checkout: the project's files in a folder of their own, without what earlier builds left.

Build backends keep state beside the sources and take from it: in setuptools' ``build/lib`` deleted
modules live on.  A wheel made from a copy is the one that a clean checkout gives.
"""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lamina.errors import ProjectError
from lamina.project.files import is_environment, wheel_rules
from lamina.project.repository import VERSION_CONTROL, copy_repository, repository_of

_LARGE: Final = 16 << 20
"""A file of this many bytes is linked: no backend writes to one, and disks are small."""


def copy_checkout(
    directory: Path, folder: Path, *, tracked: Callable[[Path], list[str]], is_whole: bool
) -> Path:
    """Copy the project in ``directory`` below ``folder``, and return where it is there.

    What its repository or workspace holds beside it can be read there too, by its relative path:
    as links, or for ``is_whole`` as copies of the files that ``tracked`` names, which version
    control takes for unchanged.
    """
    directory = directory.resolve()
    top = _top(directory)
    place = folder / (top.name or "root")
    try:
        _mirror(directory, top, place)
        copy_repository(top, place)
        new = place / directory.relative_to(top)
        rules = wheel_rules()

        def is_left_out(path: Path) -> bool:
            return is_environment(path) or rules.ignores(path.relative_to(directory).as_posix())

        _copy(directory, new, top, is_left_out)
        source, target = (top, place) if is_whole else (directory, new)
        for name in tracked(source):
            _take_tracked(source, target, name)
    except (OSError, shutil.Error) as error:
        raise ProjectError(
            f"the sources cannot be copied: {error}", where=str(directory)
        ) from error
    return new


def _top(directory: Path) -> Path:
    """Find the folder that paths of the project may lead to: its repository or workspace."""
    repository = repository_of(directory)
    workspace = next((one for one in directory.parents if _is_workspace(one)), None)
    found = [one for one in (repository, workspace) if one is not None]
    return min(found, key=lambda one: len(one.parts), default=directory)


def _is_workspace(folder: Path) -> bool:
    try:
        return "[tool.uv.workspace]" in (folder / "pyproject.toml").read_text("utf-8", "replace")
    except OSError:
        return False


def _mirror(directory: Path, top: Path, place: Path) -> None:
    """Make the folders from ``top`` to the project, and link to what else they hold."""
    place.mkdir(parents=True)
    for part in directory.relative_to(top).parts:
        for entry in os.scandir(top):
            if entry.name != part and entry.name not in VERSION_CONTROL:
                (place / entry.name).symlink_to(entry.path)
        top, place = top / part, place / part
        place.mkdir()


def _take_tracked(source: Path, target: Path, name: str) -> None:
    """Put a copy of a tracked file where there is none or a link, with folders as its parents."""
    path, new = source / name, target / name
    if not path.is_symlink() and not path.is_file():
        return  # deleted, or a submodule
    for parent in reversed(Path(name).parents[:-1]):
        if (target / parent).is_symlink():
            (target / parent).unlink()
        (target / parent).mkdir(exist_ok=True)
    if new.is_symlink() or not new.exists():
        new.unlink(missing_ok=True)
        if path.is_symlink():
            new.symlink_to(path.readlink())
        else:
            _copy_file(path, new)


def _copy(source: Path, new: Path, top: Path, is_left_out: Callable[[Path], bool]) -> None:
    for entry in os.scandir(source):
        path, target = Path(entry.path), new / entry.name
        if is_left_out(path):
            continue
        if entry.is_dir(follow_symlinks=False):
            target.mkdir()
            _copy(path, target, top, is_left_out)
        elif entry.is_symlink():
            target.symlink_to(_destination(path, top))
        elif stat.S_ISREG(entry.stat().st_mode):
            _copy_file(path, target)


def _destination(link: Path, top: Path) -> Path:
    """Say where a link leads: as it says itself, unless that is out of what is copied."""
    written = link.readlink()
    led = Path(os.path.normpath(link.parent / written))
    return written if led.is_relative_to(top) else link.parent / written


def _copy_file(source: Path, new: Path) -> None:
    if source.stat().st_size >= _LARGE:
        _link(source, new)
    else:
        shutil.copy2(source, new)


def _link(source: Path, new: Path) -> None:
    try:
        new.hardlink_to(source)
    except OSError:  # another file system, or one without such links
        new.symlink_to(source)
