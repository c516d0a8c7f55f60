"""Missing: why a module that a program imports may not be in its image."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from lamina.project.detect.dependencies import names_of
from lamina.project.detect.requirement_files import files_alike
from lamina.project.ignore import IgnoreRules, read_patterns
from lamina.project.project import Project

_NO_MODULE: Final = re.compile(r"No module named '([A-Za-z_]\w*)")
_LARGEST_FILE: Final = 1 << 20


def missing_modules(texts: Iterable[str]) -> tuple[str, ...]:
    """Name the top-level modules that Python said it did not find, each once."""
    found = (name for text in texts for name in _NO_MODULE.findall(text))
    return tuple(dict.fromkeys(found))


def why_missing(project: Project, module: str) -> str:
    """Say where the project has what the image lacks; empty where it has it nowhere."""
    return next(chain(_ignored(project, module), _listed(project, module)), "")


def _ignored(project: Project, module: str) -> Iterator[str]:
    """Find the module among the files that .dockerignore or ``exclude`` leaves out."""
    for path in (f"{module}.py", module, f"src/{module}.py", f"src/{module}"):
        where = _excluding(project, path) if (project.directory / path).exists() else ""
        if where:
            yield f"{path} is left out by {where}"


def _excluding(project: Project, path: str) -> str:
    ignored = project.directory / ".dockerignore"
    text = _text(ignored)
    rows = [(pattern, f".dockerignore, line {number}: {pattern}")
            for number, line in enumerate(text.splitlines(), 1)
            for pattern in read_patterns(line)]  # fmt: skip
    rows += [(one, f"`exclude` in [tool.lamina]: {one}") for one in project.settings.exclude]
    last = ""
    for pattern, where in rows:
        if IgnoreRules((pattern.removeprefix("!"),)).ignores(path):
            last = "" if pattern.startswith("!") else where
    return last


def _listed(project: Project, module: str) -> Iterator[str]:
    """Find a requirements file that lists it, and that the image is not built from."""
    wanted = canonicalize_name(module)
    folders = (project.directory, project.directory / "requirements")
    paths = (path for folder in folders if folder.is_dir() for path in folder.iterdir())
    for name in files_alike(str(path.relative_to(project.directory)) for path in paths):
        path = project.directory / name
        if path != project.requirements and wanted in names_of(_text(path).splitlines()):
            used = project.requirements.name if project.requirements else "pyproject.toml"
            yield f"{name} lists {wanted}, and the image is built from {used}"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig", "replace") if path.stat().st_size < _LARGEST_FILE else ""
    except OSError:
        return ""
