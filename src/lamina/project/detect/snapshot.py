"""Snapshot: the files of a project as a value, so that guesses about it are pure."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from lamina.project.files import source_files
from lamina.project.project import Project

_LARGEST_FILE: Final = 4 << 20
_READ: Final = re.compile(
    r".*\.(py|toml|txt|in|cfg|lock|ya?ml)|Pipfile|Procfile|\.python-version|"
    r"(.*\.)?(Docker|Container)file(\..*)?"
)
_HEAD: Final = 400
_ENVIRONMENT: Final = "pyvenv.cfg"
_OURS: Final = ("# Written by `lamina init`,", "# Written by `lamina dockerfile`;")
_ASIDE: Final = frozenset(
    {"test", "tests", "testing", "docs", "doc", "examples", "example", "scripts", "script",
     "benchmarks", "notebooks", "tools", "migrations", "build", "dist", "docker", "site"}
)  # fmt: skip
_ASIDE_NAME: Final = re.compile(r"test_.*|.*_test|conftest|setup|noxfile|tasks|fabfile|__init__")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """``paths`` are all files, relative with slashes; ``texts`` holds those that guesses read."""

    name: str
    paths: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict, hash=False)

    def text(self, path: str) -> str:
        """Return a file's text; empty where there is none."""
        return self.texts.get(path, "")

    def toml(self, path: str) -> Mapping[str, Any]:
        """Parse a file; empty where there is none, or it is not TOML."""
        try:
            return tomllib.loads(self.text(path))
        except (ValueError, RecursionError):
            return {}

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that may belong to the program: no tests, documents or tools; sorted."""
        return tuple(sorted(path for path in self.texts if _is_of_program(path)))


def take_snapshot(directory: Path) -> Snapshot:
    """Read the project in ``directory``; what is no text, or large, counts by its name alone.

    So does what Lamina wrote itself, which is no evidence for what it guessed.  Virtual
    environments are left out, whatever they are called.
    """
    found = source_files(Project(directory=directory, name="project"))
    environments = {path.parent for path in found if path.name == _ENVIRONMENT}
    paths = {
        path.relative_to(directory).as_posix(): path
        for path in found
        if environments.isdisjoint(path.parents)
    }
    texts = {
        name: text
        for name, path in paths.items()
        if _READ.fullmatch(path.name) and (text := _read(path)) is not None
    }
    return Snapshot(name=directory.resolve().name, paths=frozenset(paths), texts=texts)


def is_ours(text: str) -> bool:
    """Say whether Lamina wrote a file, be it edited since."""
    return any(mark in text[:_HEAD] for mark in _OURS)


def _is_of_program(path: str) -> bool:
    pure = PurePosixPath(path)
    if pure.suffix != ".py" or _ASIDE.intersection(pure.parts[:-1]):
        return False
    return pure.stem == "__init__" or _ASIDE_NAME.fullmatch(pure.stem) is None


def _read(path: Path) -> str | None:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            return None
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    return None if is_ours(text) else text
