"""Read a project: pyproject.toml where there is one, a requirements file, or plain files."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name

from lamina.errors import ProjectError
from lamina.project import foreign
from lamina.project.base_pin import FILE
from lamina.project.dev import find_dev_lock, with_dev
from lamina.project.lock_file import LockFile, parse_lock_file
from lamina.project.locks import CONDA, LIST, LOCKS, find_requirements
from lamina.project.project import Project
from lamina.project.settings import TABLE, Settings, read_settings
from lamina.project.variants import has_own_requirements, installs_other, with_variant

_LARGEST_FILE = 16 << 20


def read_project(
    directory: Path, variant: str = "", *, needs_lock: bool = True, has_dev: bool = False
) -> Project:
    """Read the project in ``directory``, with the settings of ``variant`` if one is named.

    ``needs_lock=False`` is for who writes the lock: then ``requirements`` may not exist yet.
    ``has_dev`` adds the group ``dev`` and takes the lock that has it.
    Raises ``ProjectError`` with the file and line of everything that is wrong.
    """
    if not directory.is_dir():
        raise ProjectError("there is no such directory", where=str(directory))
    path = directory / "pyproject.toml"
    text = _read_text(path) if path.exists() else ""
    document = _parse(text, path)
    locate = _Locator(path.name, text)
    base = read_settings(_table(document, "tool", "lamina"), locate=locate.setting)
    settings = with_variant(base, variant)
    metadata = foreign.metadata_of({**document, "project": _table(document, "project")})
    has_own_lock = installs_other(base, settings) and not has_own_requirements(base, variant)
    own = variant if has_own_lock else ""
    requirements = find_requirements(directory, settings, own, must_exist=needs_lock)
    if requirements is None and needs_lock:
        foreign.refuse_unlocked(document, directory)
    if not document and requirements is None:
        _refuse_nothing(directory, needs_lock=needs_lock)
    if has_dev:
        settings = with_dev(settings, _group_names(document, directory))
        requirements = find_dev_lock(requirements)
    written = _lock_file(directory / FILE)
    return Project(
        directory=directory,
        name=_name(metadata, directory, locate),
        version=str(metadata.get("version", "")),
        requires_python=_requires_python(metadata, locate),
        dependencies=_dependencies(document, directory, settings, locate),
        scripts={str(k): str(v) for k, v in _table(metadata, "scripts").items()},
        requirements=requirements,
        is_distributable=foreign.is_package(document) and "name" in metadata,
        is_versioned_by_tags=foreign.is_versioned_by_tags(document),
        settings=settings,
        base_pins=written.base_pins,
        layers=written.layers,
        variant=variant,
    )


def _group_names(document: Mapping[str, Any], directory: Path) -> frozenset[str]:
    return foreign.group_names(document, directory) | frozenset(
        _table(document, "dependency-groups")
    )


def is_project(directory: Path) -> bool:
    """Say whether ``directory`` holds a project, readable or not."""
    return any((directory / name).exists() for name in ("pyproject.toml", *LOCKS, LIST))


def _refuse_nothing(directory: Path, *, needs_lock: bool) -> None:
    """Raise ``ProjectError`` for a folder without a project, or with one that is not locked."""
    is_conda = any((directory / name).is_file() for name in CONDA)
    if is_conda and not needs_lock:
        return
    raise ProjectError(
        "this is not a Python project that can be built",
        where=str(directory),
        why="there is no pyproject.toml, lock or requirements.txt",
        hint="run `lamina lock`, which locks what environment.yml asks for"
        if is_conda
        else "run lamina in the folder that holds one, or name it: lamina build PATH",
    )


class _Locator:
    """Finds the line of a key, because tomllib does not say."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._lines = text.splitlines()

    def setting(self, key: str) -> str:
        """Say where ``key`` of the settings stands, be it one of a table inside."""
        inner, _, name = key.rpartition(".")
        if inner:
            found = self.find(f"{TABLE}.{inner}", self._key(name))
            if found != self._name:
                return found
            key = key if self.find(TABLE, self._key(key)) != self._name else inner
        return self.find(TABLE, self._key(key))

    @staticmethod
    def _key(name: str) -> re.Pattern[str]:
        return re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*[=.]""")

    def metadata(self, key: str) -> str:
        """Say where ``key`` of [project] stands."""
        return self.find("project", re.compile(rf"\s*{re.escape(key)}\s*="))

    def find(self, table: str, pattern: re.Pattern[str]) -> str:
        """Say where ``pattern`` first matches below the header of ``table`` or of one inside it."""
        inside = False
        for number, line in enumerate(self._lines, 1):
            header = re.match(r"\s*\[+([^\]]+)\]", line)
            if header:
                name = header[1].strip()
                inside = name == table
                if name.startswith(table + ".") and pattern.match(name[len(table) + 1 :] + "="):
                    return f"{self._name}, line {number}"
            elif inside and pattern.match(line):
                return f"{self._name}, line {number}"
        return self._name

    def containing(self, text: str) -> str:
        """Say where ``text`` stands literally."""
        lines = (number for number, line in enumerate(self._lines, 1) if text in line)
        number = next(lines, 0)
        return f"{self._name}, line {number}" if number else self._name


def _read_text(path: Path) -> str:
    try:
        if not path.is_file():  # a named pipe would let us wait for ever
            raise ProjectError("this is not a file", where=str(path))
        if path.stat().st_size > _LARGEST_FILE:
            raise ProjectError(f"the file is larger than {_LARGEST_FILE} bytes", where=str(path))
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProjectError("the file is not UTF-8", where=f"{path}, byte {error.start}") from error
    except OSError as error:
        raise ProjectError(f"cannot read: {error.strerror}", where=str(path)) from error


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number of 5,000 digits
        raise ProjectError(f"not valid TOML: {error}", where=str(path)) from error


def _lock_file(path: Path) -> LockFile:
    if not path.exists():
        return LockFile()
    return parse_lock_file(_parse(_read_text(path), path), where=str(path))


def _table(document: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        found = document.get(name, {})
        if not isinstance(found, dict):
            raise ProjectError(f"{'.'.join(names)} is not a table", where="pyproject.toml")
        document = found
    return document


def _name(metadata: Mapping[str, Any], directory: Path, locate: _Locator) -> str:
    """Take the project's name, or make one of the folder's."""
    if "name" not in metadata:
        folder = re.sub(r"[^A-Za-z0-9._-]+", "-", directory.resolve().name).strip("-._")
        return str(canonicalize_name(folder or "project"))
    try:
        return str(canonicalize_name(str(metadata["name"]), validate=True))
    except InvalidName as error:
        raise ProjectError(
            f"{metadata['name']!r} is not a name", where=locate.metadata("name")
        ) from error


def _requires_python(metadata: Mapping[str, Any], locate: _Locator) -> str:
    text = str(metadata.get("requires-python", ""))
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ProjectError(
            f"{text!r} is not a list of versions",
            where=locate.metadata("requires-python"),
            hint='write it as ">=3.11" or ">=3.11,<3.13"',
        ) from error
    return text


def _dependencies(
    document: Mapping[str, Any], directory: Path, settings: Settings, locate: _Locator
) -> tuple[str, ...]:
    """Collect the requirement texts that the settings choose, each checked."""
    metadata = _table(document, "project")
    chosen: list[object] = list(_list(metadata, "dependencies"))
    problems: list[str] = []
    extras, groups = (
        _table(metadata, "optional-dependencies"),
        _table(document, "dependency-groups"),
    )
    for kind, names, table, others in (
        ("extra", settings.extras, extras, foreign.extra_names(document)),
        ("group", settings.groups, groups, foreign.group_names(document, directory)),
    ):
        for name in names:
            if name not in table and name in others:
                continue  # only the lock of the tool that it belongs to says what is in it
            if name not in table:
                problems.append(f"{locate.setting(kind + 's')}: there is no {kind} {name!r}")
            else:
                chosen.extend(_expand(table, name, problems, {}))
    problems += [p for text in chosen if (p := _bad_requirement(text, locate.containing))]
    if problems:
        raise ProjectError("the dependencies cannot be read", problems=tuple(problems))
    return tuple(str(text) for text in chosen)


def _expand(
    table: Mapping[str, Any], name: str, problems: list[str], is_done: dict[str, bool]
) -> list[object]:
    """List a group's requirements, following ``include-group`` (Dependency groups, PEP 735).

    ``is_done`` knows the groups met so far; each is listed once, however often it is included.
    """
    if name in is_done:
        if not is_done[name]:
            problems.append(f"pyproject.toml: the group {name!r} includes itself")
        return []
    is_done[name] = False
    found: list[object] = []
    for item in _list(table, name):
        included = item.get("include-group") if isinstance(item, dict) else None
        if isinstance(included, str) and included in table:
            found.extend(_expand(table, included, problems, is_done))
        else:
            found.append(item)
    is_done[name] = True
    return found


def _list(table: Mapping[str, Any], name: str) -> list[object]:
    value = table.get(name, [])
    if not isinstance(value, list):
        raise ProjectError(f"{name} is not a list", where="pyproject.toml")
    return value


def _bad_requirement(text: object, containing: Callable[[str], str]) -> str:
    if not isinstance(text, str):
        return f"{containing(str(text))}: {str(text)[:80]} is not a requirement: expected a text"
    try:
        Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        first = str(error).splitlines()[0]
        return f"{containing(text)}: {text[:80]!r} is not a requirement: {first}"
    return ""
