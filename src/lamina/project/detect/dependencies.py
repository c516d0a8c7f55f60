"""Which file says what a project depends on, whether it pins it, and what is named there; pure."""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass, field
from typing import Any, Final

from packaging.utils import canonicalize_name

from lamina.project.detect.guess import Guess
from lamina.project.detect.requirement_files import PLACES, with_included
from lamina.project.detect.snapshot import Snapshot

_NAME: Final = re.compile(r"\s*(?:-\s+)?([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)")
_LOCK_ROW: Final = re.compile(r'^name = "([^"]+)"', re.MULTILINE)
_HASHED: Final = re.compile(r"(--hash[= ]|^\s*#|^\s*$|^\s*-)")
_MAY_LIST_NOTHING: Final = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})
_OPEN: Final = "it lists dependencies, and not every line has a hash"
Row = tuple[str, str]
"""A kind, ``extra`` or ``group``, and a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """``file`` is what the image's lock is made from or is; empty where nothing lists any.

    ``listed`` are the normalized names that it holds, with the base dependencies of the project.
    ``optional`` are the names that each extra and group adds.  ``is_poetry`` says that they are in
    Poetry's notation, which only Poetry locks.
    """

    file: Guess[str]
    is_locked: bool = False
    is_poetry: bool = False
    listed: frozenset[str] = frozenset()
    optional: Mapping[Row, frozenset[str]] = field(default_factory=dict, hash=False)


def find_dependencies(snapshot: Snapshot) -> Dependencies:
    """Find the file that a build takes its distributions from, in the order that it looks."""
    document = snapshot.toml("pyproject.toml")
    optional = dict(_optional(document))
    base = frozenset(names_of(_texts(_table(document, "project").get("dependencies"))))
    for path, why, is_locked, read in _FILES:
        text = snapshot.text(path)
        whole = with_included(snapshot, path) if path.endswith((".txt", ".in")) else text
        listed = frozenset(read(whole)) | base
        if not text or (path in _MAY_LIST_NOTHING and not listed):
            continue
        is_open = path == "requirements.txt" and not _is_pinned(text)
        return Dependencies(
            file=Guess(value=path, why=_OPEN if is_open else why),
            is_locked=is_locked and not is_open,
            is_poetry=bool(_poetry(document)) and not base,
            listed=listed,
            optional=optional,
        )
    nothing = Guess(value="", why="no file lists dependencies")
    return Dependencies(file=nothing, is_locked=True, listed=base, optional=optional)


def names_of(texts: Iterable[str]) -> Iterator[str]:
    """Read the normalized names off requirement texts.

    >>> list(names_of(["Flask_Cors>=4 ; python_version > '3'", "-e ."]))
    ['flask-cors']
    """
    for text in texts:
        if match := _NAME.match(text):
            yield str(canonicalize_name(match[1]))


def _optional(document: Mapping[str, Any]) -> Iterator[tuple[Row, frozenset[str]]]:
    for name, rows in _table(document, "project", "optional-dependencies").items():
        yield ("extra", str(name)), frozenset(names_of(_texts(rows)))
    groups = _table(document, "dependency-groups")
    for name in groups:
        yield ("group", str(name)), frozenset(names_of(_group(groups, name, ())))


def _group(groups: Mapping[str, Any], name: str, above: tuple[str, ...]) -> Iterator[str]:
    rows = groups.get(name, [])
    for row in rows if isinstance(rows, list) else []:
        match row:
            case str():
                yield row
            case {"include-group": str(inner)} if inner not in {*above, name}:
                yield from _group(groups, inner, (*above, name))
            case _:
                pass


def _is_pinned(text: str) -> bool:
    """Say whether every line of a requirements file has a hash; continued lines are one."""
    lines = text.replace("\\\n", " ").replace("\\\r\n", " ").splitlines()
    return "--hash" in text and all(_HASHED.search(line) for line in lines)


def _lines(text: str) -> Iterator[str]:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(("-", "#")))
    return names_of(lines)


def _rows(text: str) -> Iterator[str]:
    return (str(canonicalize_name(name)) for name in _LOCK_ROW.findall(text))


def _json_rows(text: str) -> Iterator[str]:
    try:
        found: Any = json.loads(text)
        return names_of(found["default"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return iter(())


def _conda_rows(text: str) -> Iterator[str]:
    return names_of(line for line in text.splitlines() if line.lstrip().startswith("- "))


def _toml_rows(text: str) -> Iterator[str]:
    document = Snapshot(name="", texts={"x": text}).toml("x")
    yield from names_of(name for name in _poetry(document) if name != "python")
    yield from names_of(_table(document, "packages"))


def _cfg_rows(text: str) -> Iterator[str]:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except Error:
        return iter(())
    return names_of(parser.get("options", "install_requires", fallback="").splitlines())


def _setup_rows(text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="install_requires", value=ast.List(elts=items)):
                constants = (item.value for item in items if isinstance(item, ast.Constant))
                yield from names_of(map(str, constants))
            case _:
                pass


def _poetry(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return _table(document, "tool", "poetry", "dependencies")


def _table(document: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        found = document.get(name)
        document = found if isinstance(found, dict) else {}
    return document


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


_FILES: Final[tuple[tuple[str, str, bool, Callable[[str], Iterator[str]]], ...]] = (
    ("pylock.toml", "it pins every distribution", True, _rows),
    ("uv.lock", "it is uv's lock", True, _rows),
    ("poetry.lock", "it is Poetry's lock", True, _rows),
    ("pdm.lock", "it is PDM's lock", True, _rows),
    ("Pipfile.lock", "it is Pipenv's lock", True, _json_rows),
    ("requirements.txt", "every line has a hash", True, _lines),
    ("requirements.in", "pip-tools' list, and there is no requirements.txt", False, _lines),
    ("pyproject.toml", "it lists the dependencies, and nothing pins them", False, _toml_rows),
    ("Pipfile", "Pipenv's list, and there is no Pipfile.lock", False, _toml_rows),
    *((path, "it lists what the program needs, by its name", False, _lines) for path in PLACES),
    ("environment.yml", "conda's list; what the index has is locked", False, _conda_rows),
    ("setup.cfg", "it lists install_requires", False, _cfg_rows),
    ("setup.py", "it lists install_requires", False, _setup_rows),
)
"""In the order of ``lamina.lock``: locks before lists."""
