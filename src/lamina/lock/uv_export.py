"""What a text of uv.lock stands for, whichever uv.lock the project's folder holds now."""

import posixpath
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from lamina.lock.pins import Choice
from lamina.lock.uv import Uv
from lamina.project.locks import workspace_lock

_LOCK: Final = "uv.lock"
_SETTINGS: Final = ("pyproject.toml", "uv.toml")


def export_text(text: str, directory: Path, choice: Choice, uv: Uv) -> str:
    """Let uv write ``text`` as a pylock document for the project in ``directory``.

    uv reads the lock of the project alone.  Where that is another one, as for a lock of last week,
    or becomes another one meanwhile, uv is given a copy of the project with ``text`` for its lock.
    Paths of the document are relative to what uv calls the project's root.
    """
    lock = workspace_lock(directory) or directory / _LOCK
    if _holds(lock, text):
        found = uv.export(directory, extras=choice.extras, groups=choice.groups)
        if _holds(lock, text):
            return found
    with TemporaryDirectory(prefix="lamina-") as temporary:
        place = Path(temporary).resolve()
        folder = _copy(text, lock.parent.resolve(), directory.resolve(), place=place)
        found = uv.export(folder, extras=choice.extras, groups=choice.groups)
        return found.replace(str(place), "")  # in addresses of files


def _holds(lock: Path, text: str) -> bool:
    try:
        return lock.read_bytes().decode("utf-8-sig") == text
    except (OSError, UnicodeDecodeError):
        return False


def _copy(text: str, root: Path, directory: Path, *, place: Path) -> Path:
    """Make a folder that is to ``text`` what ``directory`` is to the lock in ``root``.

    It has its whole path below ``place``, so that paths that lead upwards mean the same in it.
    """
    for path in {*_settings(root), *_settings(directory), *_members(root)}:
        _beneath(place, path).write_bytes(path.read_bytes())
    for name in _files(text):  # uv hashes those that the lock has no hash of
        file = Path(posixpath.normpath(root / name))
        link = _beneath(place, file)
        if not link.exists():
            link.symlink_to(file)
    lock = _beneath(place, root / _LOCK)
    lock.write_text(text, encoding="utf-8", newline="")
    return _beneath(place, directory / _LOCK).parent


def _beneath(place: Path, path: Path) -> Path:
    found = place / path.relative_to("/")
    found.parent.mkdir(parents=True, exist_ok=True)
    return found


def _files(text: str) -> Iterator[str]:
    """Name the wheels and sdists that a lock finds by a path from its root."""
    try:
        for row in tomllib.loads(text)["package"]:
            source = row.get("source", {})
            folder = source.get("registry", ".")
            rows = [*row.get("wheels", ()), row.get("sdist", {})]
            yield from (posixpath.join(folder, file["path"]) for file in rows if "path" in file)
            if "path" in source:
                yield source["path"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # uv says what is wrong with it


def _settings(folder: Path) -> list[Path]:
    return [path for name in _SETTINGS if (path := folder / name).is_file()]


def _members(root: Path) -> Iterator[Path]:
    try:
        found: Any = tomllib.loads((root / "pyproject.toml").read_text("utf-8-sig"))
        patterns = found["tool"]["uv"]["workspace"]["members"]
        for pattern in patterns:
            yield from (p for p in root.glob(f"{pattern}/pyproject.toml") if p.is_file())
    except (OSError, ValueError, KeyError, TypeError, RecursionError, NotImplementedError):
        return  # no workspace, or one that uv has its own words for
