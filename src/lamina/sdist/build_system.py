"""What an sdist asks for to be built: the ``[build-system]`` of its pyproject.toml (PEP 518)."""

import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.errors import ArchiveError
from lamina.layer.entries import LayerReader

_MAX_PYPROJECT = 4 << 20
_DEPTH = 2  # NAME-VERSION/pyproject.toml


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """A backend and what it needs; the defaults are those of PEP 517 for a bare ``setup.py``."""

    requires: tuple[str, ...] = ("setuptools>=40.8.0", "wheel")
    backend: str = "setuptools.build_meta:__legacy__"
    backend_path: tuple[str, ...] = ()


def read_build_system(sdist: Path, *, name: str) -> BuildSystem:
    """Read how ``sdist`` wants to be built, without running or unpacking it.

    ``name`` is for messages.  Raises ``ArchiveError`` if the sdist or its table is malformed.
    """
    data = _zip_member(sdist) if name.endswith(".zip") else _tar_member(sdist, name)
    if data is None:
        return BuildSystem()
    try:
        table = tomllib.loads(data.decode("utf-8")).get("build-system")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _malformed(name, str(error)) from error
    return BuildSystem() if table is None else _parse(table, name)


def _parse(table: Any, name: str) -> BuildSystem:  # noqa: ANN401 - whatever the file holds
    if not isinstance(table, dict) or "requires" not in table:
        raise _malformed(name, "build-system.requires is missing")
    backend = table.get("build-backend", BuildSystem().backend)
    lists = (table["requires"], table.get("backend-path", []))
    if not isinstance(backend, str) or not all(_is_texts(value) for value in lists):
        raise _malformed(name, "build-system has values of the wrong type")
    return BuildSystem(
        requires=tuple(table["requires"]), backend=backend, backend_path=tuple(lists[1])
    )


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_pyproject(path: str) -> bool:
    parts = path.split("/")
    return len(parts) == _DEPTH and parts[1] == "pyproject.toml"


def _tar_member(sdist: Path, name: str) -> bytes | None:
    with sdist.open("rb") as stream:
        reader = LayerReader(stream, where=name, what="sdist")
        for member in reader:
            if member.kind == "file" and _is_pyproject(member.path):
                if member.size > _MAX_PYPROJECT:
                    raise _malformed(name, "it is too large")
                return b"".join(reader.chunks())
    return None


def _zip_member(sdist: Path) -> bytes | None:
    try:
        with zipfile.ZipFile(sdist) as archive:
            found = [info for info in archive.infolist() if _is_pyproject(info.filename)]
            if not found:
                return None
            with archive.open(found[0]) as file:
                return file.read(_MAX_PYPROJECT)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ArchiveError("the sdist is no zip file", where=sdist.name, why=str(error)) from error


def _malformed(name: str, why: str) -> ArchiveError:
    return ArchiveError(
        "the sdist's pyproject.toml is malformed",
        where=name,
        hint="choose another version",
        why=why,
    )
