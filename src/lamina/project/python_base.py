"""Which base has another Python than the one that the settings name; pure."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lamina.errors import ProjectError
from lamina.project.project import Project

_SUITES: Final[Mapping[str, Mapping[str, str]]] = {
    "debian": {"3.11": "bookworm", "3.13": "trixie"},
    "ubuntu": {"3.10": "jammy", "3.12": "noble"},
}
_IMAGE: Final = re.compile(
    r"(?P<name>(?:.*/)?python):(?P<python>3\.\d+)(?:\.\d+)?(?P<flavour>-[\w.-]+)?"
)


def with_python(project: Project, python: str) -> Project:
    """Return ``project`` on the base of the same kind that has this Python; as it is for ``""``."""
    if not python:
        return project
    base = base_with_python(project.settings.base, python)
    return replace(project, settings=replace(project.settings, base=base, python=python))


def base_with_python(base: str, python: str) -> str:
    """Name the base like ``base`` that has this minor version of Python.

    Raises ``ProjectError`` when there is none, or it cannot be told from the name.

    >>> base_with_python("debian:bookworm", "3.13")
    'debian:trixie'
    >>> base_with_python("registry.example.com/library/python:3.12.4-slim", "3.13")
    'registry.example.com/library/python:3.13-slim'
    """
    kind = base.partition(":")[0]
    if kind in _SUITES:
        return f"{kind}:{_suite(base, kind, python)}"
    if kind == "scratch":
        return f"scratch:{python}"
    found = _IMAGE.fullmatch(base)
    if found is None:
        raise ProjectError(
            f"{base} does not say which of its kind has Python {python}",
            where="pyproject.toml, tool.lamina.base",
            hint="name the other base in a variant: [tool.lamina.variants.NAME]",
        )
    if found["python"] == python:
        return base
    return f"{found['name']}:{python}{found['flavour'] or ''}"


def _suite(base: str, kind: str, python: str) -> str:
    suites = _SUITES[kind]
    if python not in suites:
        raise ProjectError(
            f"no {kind} base has Python {python}",
            where="pyproject.toml, tool.lamina.base",
            hint=f"{base} is of packages: " + ", ".join(f"{s} has {p}" for p, s in suites.items()),
        )
    return suites[python]
