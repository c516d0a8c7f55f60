"""Which file pins a project: its own choice, then the locks of the tools that people use."""

import fnmatch
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lamina.errors import ProjectError
from lamina.project.settings import TABLE, Settings

LOCKS: Final = (
    "pylock.toml",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "requirements.txt",
)
"""Locks, first come first taken: what a tool writes by itself comes before what is exported."""

TOOLS: Final = {
    "uv.lock": "uv",
    "poetry.lock": "poetry",
    "pdm.lock": "pdm",
    "Pipfile.lock": "pipenv",
}
"""Who writes a lock that is not for ``lamina lock`` to write."""

LIST: Final = "requirements.in"
"""What pip-tools calls the list that a lock is made from."""

CONDA: Final = ("environment.yml", "environment.yaml")
"""What conda calls its list, which ``lamina lock`` makes a lock from."""


def find_requirements(
    directory: Path, settings: Settings, variant: str = "", *, must_exist: bool = True
) -> Path | None:
    """Find the file that pins or lists what goes into the image.

    ``must_exist=False`` also gives the place where a lock is to be written.  Raises
    ``ProjectError`` for a setting that names no file of the project, and for a variant whose own
    lock has not been written.
    """
    listed = directory / LIST
    found = _first(directory)
    if settings.requirements:
        found = _chosen(directory, settings.requirements, must_exist=must_exist)
    if found is None and variant and listed.is_file():
        found = directory / LOCKS[-1]
    if found is not None and variant and not _knows_groups(found):
        return _of_variant(found, variant, must_exist=must_exist)
    return found or (listed if listed.is_file() else None)


def variant_lock(path: Path, variant: str) -> Path:
    """Name the requirements file of a variant that installs something else than the base.

    >>> variant_lock(Path("requirements.txt"), "ui").name
    'requirements.ui.txt'
    """
    return path.with_name(f"{path.stem}.{variant}{path.suffix}") if variant else path


def _first(directory: Path) -> Path | None:
    found = next((directory / n for n in LOCKS if (directory / n).is_file()), None)
    is_weak = found is None or found.name == LOCKS[-1]
    return (workspace_lock(directory) if is_weak else None) or found


def _knows_groups(lock: Path) -> bool:
    return lock.name in TOOLS or lock.suffix == ".toml"


def _chosen(directory: Path, name: str, *, must_exist: bool) -> Path:
    if name.startswith("/") or ".." in name.split("/"):
        raise ProjectError(
            f"{name} leaves the project", where=f"pyproject.toml, {TABLE}.requirements"
        )
    path = directory / name
    if must_exist and not path.is_file():
        raise ProjectError(
            f"{name} does not exist",
            where=f"pyproject.toml, {TABLE}.requirements",
            hint="run `lamina lock` to write it",
        )
    return path


def list_hint(path: Path) -> str:
    """Say what to do about a list where a lock is needed."""
    more = "" if path.name == LIST else f"; call the list {LIST}, from which it makes the lock"
    lock = path.with_suffix(".txt").name
    return f'set requirements = "{lock}" in [{TABLE}] and run `lamina lock`, which writes it{more}'


def _of_variant(lock: Path, variant: str, *, must_exist: bool) -> Path:
    path = variant_lock(lock, variant)
    if must_exist and lock.suffix == ".in":
        raise ProjectError(
            f"{lock.name} is a list, and the variant {variant} needs a lock",
            where=f"pyproject.toml, {TABLE}.requirements",
            hint=list_hint(lock),
        )
    if must_exist and not path.is_file():
        raise ProjectError(
            f"the variant {variant} has no lock of its own: {path.name} does not exist",
            where=str(lock.parent),
            hint="run `lamina lock`, which locks all variants together",
        )
    return path


def workspace_lock(directory: Path) -> Path | None:
    """Find the uv.lock of the workspace that ``directory`` is a member of."""
    if not (directory / "pyproject.toml").is_file():
        return None
    member = directory.resolve()
    for root in member.parents:
        table = _workspace(root / "pyproject.toml")
        if table is None:
            continue
        relative = member.relative_to(root).as_posix()
        is_member = _matches(relative, table, "members") and not _matches(
            relative, table, "exclude"
        )
        lock = root / "uv.lock"
        return lock if is_member and lock.is_file() else None
    return None


def _workspace(path: Path) -> Mapping[str, Any] | None:
    """Read uv's table of a workspace; what cannot be read is nobody's workspace."""
    if not path.is_file():
        return None
    try:
        found: Any = tomllib.loads(path.read_text("utf-8-sig"))
        for name in ("tool", "uv", "workspace"):
            found = found.get(name, {})
    except (OSError, ValueError, RecursionError, AttributeError):
        return None
    return found if isinstance(found, dict) and found else None


def _matches(relative: str, table: Mapping[str, Any], key: str) -> bool:
    patterns = table.get(key, [])
    return isinstance(patterns, list) and any(
        fnmatch.fnmatchcase(relative, str(pattern).strip("/")) for pattern in patterns
    )
