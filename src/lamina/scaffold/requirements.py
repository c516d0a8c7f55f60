"""A project's lock as requirements that pip reads, for its Dockerfile; pure but for the lock."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lamina.errors import LockError
from lamina.lock.pins import Choice
from lamina.lock.target import Target
from lamina.lock.tools import pins_of
from lamina.oci.platform import Platform
from lamina.project.project import Project

_GLIBC: Final = (2, 36)  # no marker asks for it


def requirements_text(project: Project, *, python: str, uv_lock: str = "") -> str:
    """Return what the image installs, with hashes if the lock has them; empty for nothing.

    ``uv_lock`` is a uv.lock as a pylock document, which only uv makes.  Raises ``LockError``.
    """
    path = project.requirements
    if path is None:
        return "".join(f"{line}\n" for line in project.dependencies)
    if path.name == "uv.lock":
        return of_pylock(uv_lock, name=path.name)
    text = _read(path)
    if path.suffix == ".toml":
        return of_pylock(text, name=path.name)
    if path.suffix in {".txt", ".in"} or path.name == project.settings.requirements:
        return text
    settings = project.settings
    choice = Choice(extras=settings.extras, groups=settings.groups)
    target = Target(
        platform=Platform.parse("linux/amd64"),
        python=python,
        python_full=f"{python}.0",
        glibc=_GLIBC,
    )
    return pins_of(text, choice, target, path.name).text


def of_pylock(text: str, *, name: str) -> str:
    """Write a pylock document (PEP 751) as requirements; folders of this machine are left out."""
    try:
        document: Mapping[str, Any] = tomllib.loads(text)
        rows = [_line(row) for row in document.get("packages", [])]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise LockError(f"the lock cannot be read: {error}", where=name) from error
    return "".join(f"{row}\n" for row in rows if row)


def _line(row: Mapping[str, Any]) -> str:
    hashes = sorted(set(_hashes(row)))
    if not hashes:
        return ""
    archive = row.get("archive", {}).get("url", "")
    what = f"{row['name']} @ {archive}" if archive else f"{row['name']}=={row['version']}"
    marker = f" ; {row['marker']}" if row.get("marker") else ""
    return " \\\n    ".join([f"{what}{marker}", *(f"--hash={code}" for code in hashes)])


def _hashes(row: Mapping[str, Any]) -> Iterator[str]:
    files = [*row.get("wheels", ()), *(row[k] for k in ("sdist", "archive") if k in row)]
    for file in files:
        if code := file.get("hashes", {}).get("sha256"):
            yield f"sha256:{code}"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"cannot read: {error}", where=str(path)) from error
