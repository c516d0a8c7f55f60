"""BuildKit settings: the ``[tool.lamina.buildkit]`` table, what the Dockerfile stands on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._:/@-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildkitSettings:
    """What a Dockerfile cannot take from the other settings.

    ``base`` is the image that the final stage starts from, ``builder`` the one with pip and a
    shell in which distributions are installed, ``build_packages`` are Debian packages that only
    the builder has.
    """

    base: str = ""
    builder: str = ""
    build_packages: tuple[str, ...] = ()


def read_buildkit(
    table: Mapping[str, object],
) -> tuple[BuildkitSettings, tuple[tuple[str, str], ...]]:
    """Read the table; return the settings, and of each wrong key its name and the problem."""
    known = {field.name.replace("_", "-"): field.name for field in fields(BuildkitSettings)}
    problems = [(key, problem) for key, value in table.items() if (problem := _wrong(key, value))]
    if problems:
        return BuildkitSettings(), tuple(problems)
    values = {known[key]: _frozen(value) for key, value in table.items()}
    return BuildkitSettings(**values), ()  # type: ignore[arg-type]


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _wrong(key: str, value: object) -> str:
    match key:
        case "base" | "builder":
            is_image = isinstance(value, str) and _IMAGE.fullmatch(value)
            return "" if is_image else f"expected the name of an image, got {value!r}"
        case "build-packages":
            is_list = isinstance(value, list) and all(map(_is_package, value))
            return "" if is_list else "expected a list of Debian packages"
        case _:
            close = get_close_matches(key, ("base", "builder", "build-packages"), n=1)
            return "unknown setting" + (f", did you mean {close[0]!r}?" if close else "")


def _is_package(value: object) -> bool:
    return isinstance(value, str) and _PACKAGE.fullmatch(value) is not None
