"""Which system libraries the wheels of a project need from the base, from a list; pure."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lamina.project.detect.code import Code
from lamina.project.detect.dependencies import Dependencies
from lamina.project.detect.guess import Guess


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLibrary:
    """Debian packages that distributions need and do not bring, and what to do instead.

    With a ``module`` they are programs that are started, and count where the code imports it.
    """

    distributions: tuple[str, ...]
    packages: tuple[str, ...]
    why: str
    advice: str = ""
    module: str = ""


def find_system_packages(
    dependencies: Dependencies, codes: Sequence[Code]
) -> tuple[Guess[str], ...]:
    """Name the packages that what is listed needs, each once, with who needs it."""
    found: dict[str, Guess[str]] = {}
    for name, row in _matches(dependencies, codes):
        for package in row.packages:
            found.setdefault(package, Guess(value=package, why=f"{name}: {row.why}"))
    return tuple(found.values())


def system_advice(dependencies: Dependencies, codes: Sequence[Code]) -> Iterator[str]:
    """Yield what would make a system library unnecessary."""
    for name, row in _matches(dependencies, codes):
        if row.advice:
            yield f"{name}: {row.advice}"


@cache
def known_libraries() -> tuple[SystemLibrary, ...]:
    """Read the list that comes with Lamina."""
    text = files("lamina.project.detect").joinpath("system_libraries.toml").read_text("utf-8")
    return tuple(
        SystemLibrary(
            distributions=tuple(row["distributions"]),
            packages=tuple(row["packages"]),
            why=row["why"],
            advice=row.get("advice", ""),
            module=row.get("module", ""),
        )
        for row in tomllib.loads(text)["library"]
    )


def _matches(
    dependencies: Dependencies, codes: Sequence[Code]
) -> Iterator[tuple[str, SystemLibrary]]:
    for row in known_libraries():
        is_used = not row.module or any(code.uses(row.module) for code in codes)
        for name in row.distributions:
            if is_used and name in dependencies.listed:
                yield name, row
