"""What projects of Poetry, PDM, Pipenv and uv say of themselves in places of their own."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from lamina.errors import ProjectError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_VERSIONERS = frozenset(
    {"hatch-vcs", "poetry-dynamic-versioning", "setuptools-git-versioning", "setuptools-scm",
     "uv-dynamic-versioning", "vcs-versioning", "versioningit"}
)  # fmt: skip
"""Who takes versions from tags; as requirements of a build."""

_NOT_CATEGORIES = {"source", "requires", "packages", "dev-packages", "scripts", "pipenv"}


def metadata_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``[project]``; of an older Poetry project name, version and scripts in its form.

    Poetry's range of Pythons is left out: its notation is its own, and its lock was made for it.
    """
    project = document.get("project", {})
    poetry = table(document, "tool", "poetry")
    if not isinstance(project, dict) or "name" in project or "name" not in poetry:
        return _as_table(project)
    scripts = {
        name: text for name, text in table(poetry, "scripts").items() if isinstance(text, str)
    }
    old = {"name": poetry["name"], "version": poetry.get("version", ""), "scripts": scripts}
    return {**old, **project}


def is_package(document: Mapping[str, Any]) -> bool:
    """Say whether the project is to be built, or only lists what it needs."""
    wants = (table(document, "tool", "uv").get("package"),
             table(document, "tool", "poetry").get("package-mode"),
             table(document, "tool", "pdm").get("distribution"))  # fmt: skip
    return "build-system" in document and not any(want is False for want in wants)


def is_versioned_by_tags(document: Mapping[str, Any]) -> bool:
    """Say whether the build backend takes the version from the tags of the repository."""
    requires = table(document, "build-system").get("requires", [])
    texts = (
        [text for text in requires if isinstance(text, str)] if isinstance(requires, list) else []
    )
    names = {str(canonicalize_name(found[0])) for text in texts if (found := _NAME.match(text))}
    pdm = table(document, "tool", "pdm", "version").get("source")
    return "version" not in table(document, "project") and (
        not names.isdisjoint(_VERSIONERS) or pdm == "scm"
    )


def extra_names(document: Mapping[str, Any]) -> frozenset[str]:
    """Name the extras that are listed elsewhere than in ``[project]``."""
    return frozenset(table(document, "tool", "poetry", "extras"))


def group_names(document: Mapping[str, Any], directory: Path) -> frozenset[str]:
    """Name the groups that are listed elsewhere than in ``[dependency-groups]``."""
    return frozenset(_groups(document, directory))


def refuse_unlocked(document: Mapping[str, Any], directory: Path) -> None:
    """Raise ``ProjectError`` for dependencies in a notation that only their own tool resolves."""
    poetry = table(document, "tool", "poetry", "dependencies")
    if set(poetry) - {"python"} and "dependencies" not in table(document, "project"):
        raise ProjectError(
            "the dependencies are listed for Poetry, and there is no poetry.lock",
            where=str(directory / "pyproject.toml"),
            hint="run `poetry lock`",
        )
    if (directory / "Pipfile").is_file() and not table(document, "project"):
        raise ProjectError(
            "there is a Pipfile and no Pipfile.lock",
            where=str(directory),
            hint="run `pipenv lock`",
        )


def table(document: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Return a table inside of tables; an empty one where there is none."""
    for name in names:
        document = _as_table(document.get(name))
    return document


def _as_table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _groups(document: Mapping[str, Any], directory: Path) -> Iterator[str]:
    yield from table(document, "tool", "poetry", "group")
    if "dev-dependencies" in table(document, "tool", "poetry"):
        yield "dev"
    if "dev-dependencies" in table(document, "tool", "uv"):
        yield "dev"
    yield from table(document, "tool", "pdm", "dev-dependencies")
    pipfile = read_pipfile(directory)
    yield from (name for name in pipfile if name not in _NOT_CATEGORIES)
    if "dev-packages" in pipfile:
        yield "dev"


def read_pipfile(directory: Path) -> Mapping[str, Any]:
    """Read a Pipfile; one that cannot be read counts as none, for its lock is what is installed."""
    try:
        return tomllib.loads((directory / "Pipfile").read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
