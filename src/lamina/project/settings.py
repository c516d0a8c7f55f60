"""Settings: the ``[tool.lamina]`` table of pyproject.toml, read strictly, every problem at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Final

from lamina.errors import ProjectError
from lamina.project.budgets import read_budgets
from lamina.project.buildkit_settings import read_buildkit
from lamina.project.diet_settings import read_diet
from lamina.project.scan_settings import read_scan

TABLE: Final = "tool.lamina"
Problems = tuple[tuple[str, str], ...]
"""Of each wrong key of a table inside, its name and the problem."""
_VARIANT: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NOT_OF_VARIANTS: Final = frozenset({"variants", "budgets", "scan", "record", "sbom"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the project wants its image; docs/reference/settings.md explains each.

    A key of the table is the field's name with dashes.
    """

    base: str = "debian:bookworm"
    python: str = ""
    requirements: str = ""
    system_packages: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    port: int = 0
    healthcheck: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    bytecode: str = "none"
    loaded: str = "lamina.loaded.json"
    diet: Mapping[str, Any] = field(default_factory=dict, hash=False)
    user: str = "nonroot"
    working_directory: str = "/app"
    allow_record_mismatch: tuple[str, ...] = ()
    record: bool = False
    sbom: bool = False
    budgets: Mapping[str, Any] = field(default_factory=dict, hash=False)
    scan: Mapping[str, Any] = field(default_factory=dict, hash=False)
    buildkit: Mapping[str, Any] = field(default_factory=dict, hash=False)
    variants: Mapping[str, Any] = field(default_factory=dict, hash=False)


def read_settings(table: Mapping[str, Any], *, locate: Callable[[str], str]) -> Settings:
    """Read the table; ``locate`` turns a key into ``file, line n`` for messages.

    Raises ``ProjectError`` whose ``problems`` names every unknown key and wrong value.
    """
    known = {f.name.replace("_", "-"): f.name for f in fields(Settings)}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in table.items():
        wrong = _wrong(key, value, known)
        problems += [f"{locate(path)}: {TABLE}.{path}: {problem}" for path, problem in wrong]
        if not wrong:
            values[known[key]] = tuple(value) if isinstance(value, list) else value
    if problems:
        raise ProjectError(
            f"{len(problems)} of the settings cannot be used",
            problems=tuple(problems),
            hint="docs/reference/settings.md lists every setting and its values",
        )
    return Settings(**values)


def _wrong(key: str, value: object, known: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what is wrong with a key, each with its path below the table."""
    if key in _INNER and isinstance(value, dict):
        return [(f"{key}.{inner}", problem) for inner, problem in _INNER[key](value)[1]]
    if key == "variants" and isinstance(value, dict):
        return [
            (f"{key}.{inner}", problem)
            for name, table in value.items()
            for inner, problem in _wrong_variant(name, table, known)
        ]
    problem = _check(known[key], value) if key in known else _unknown(key, known)
    return [(key, problem)] if problem else []


def _wrong_variant(name: str, table: object, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if not _VARIANT.fullmatch(name):
        yield name, "a variant is named with small letters, digits and dashes"
    elif not isinstance(table, dict):
        yield name, f"expected a table, got {_name(table)}"
    else:
        for key, value in table.items():
            if key in _NOT_OF_VARIANTS:
                yield f"{name}.{key}", "this is a setting of the project, not of a variant"
            else:
                yield from (
                    (f"{name}.{path}", problem) for path, problem in _wrong(key, value, known)
                )


def _check(name: str, value: object) -> str:
    return _CHECKS[name](value) or ("it holds a NUL" if _holds_nul(value) else "")


def _holds_nul(value: object) -> bool:
    """Find the one character that no argument, variable or path can hold."""
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(map(_holds_nul, (*value, *value.values())))
        case list():
            return any(map(_holds_nul, value))
        case _:
            return False


def _unknown(key: str, known: Mapping[str, str]) -> str:
    close = get_close_matches(key, known, n=1)
    return "unknown setting" + (f", did you mean {close[0]!r}?" if close else "")


def _is_text(value: object) -> str:
    return "" if isinstance(value, str) and value else f"expected a text, got {_name(value)}"


def _is_flag(value: object) -> str:
    return "" if isinstance(value, bool) else f"expected true or false, got {_name(value)}"


def _is_texts(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ""
    return f"expected a list of texts, got {_name(value)}"


def _is_text_table(value: object) -> str:
    if not isinstance(value, dict):
        return f"expected a table of texts, got {_name(value)}"
    bad = [f"{key!r} is {_name(item)}" for key, item in value.items() if not isinstance(item, str)]
    return f"expected a table of texts, and {', '.join(bad)}" if bad else ""


def _is_table(value: object) -> str:
    return "" if isinstance(value, dict) else f"expected a table, got {_name(value)}"


def _is_environment(value: object) -> str:
    names = value if isinstance(value, dict) else {}
    bad = next((name for name in names if not name or "=" in name), None)
    return _is_text_table(value) or (
        "" if bad is None else f"{bad!r} is not the name of a variable"
    )


def _is_port(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 16:
        return ""
    return f"expected a port, got {value!r}"


def _is_absolute(value: object) -> str:
    is_path = isinstance(value, str) and value.startswith("/") and ".." not in value.split("/")
    return "" if is_path else f"expected an absolute path, got {value!r}"


def _is_directory(value: object) -> str:
    inside = value.strip("/") if isinstance(value, str) else ""
    is_plain = not inside or not {"", "."} & set(inside.split("/"))
    return _is_absolute(value) or ("" if is_plain else f"expected an absolute path, got {value!r}")


def _is_minor(value: object) -> str:
    is_minor = isinstance(value, str) and re.fullmatch(r"3\.\d{1,2}", value)
    return "" if is_minor else f"expected a version such as '3.11', got {value!r}"


def _is_bytecode(value: object) -> str:
    is_known = value in ("none", "imported", "all")
    return "" if is_known else f"expected 'none', 'imported' or 'all', got {value!r}"


def _is_file(value: object) -> str:
    is_inside = (
        isinstance(value, str) and not value.startswith("/") and ".." not in value.split("/")
    )
    return _is_text(value) or (
        "" if is_inside else f"expected a path in the project, got {value!r}"
    )


def _name(value: object) -> str:
    names = {bool: "true or false", int: "a number", str: "a text", list: "a list", dict: "a table"}
    return names.get(type(value), type(value).__name__) + (" that is empty" if value == "" else "")


_INNER: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[object, Problems]]]] = {
    "budgets": read_budgets,
    "scan": read_scan,
    "buildkit": read_buildkit,
    "diet": read_diet,
}

_CHECKS: Final[Mapping[str, Callable[[object], str]]] = {
    "base": _is_text,
    "python": _is_minor,
    "requirements": _is_text,
    "system_packages": _is_texts,
    "entrypoint": _is_texts,
    "command": _is_texts,
    "port": _is_port,
    "healthcheck": _is_absolute,
    "environment": _is_environment,
    "labels": _is_text_table,
    "include": _is_texts,
    "exclude": _is_texts,
    "extras": _is_texts,
    "groups": _is_texts,
    "bytecode": _is_bytecode,
    "loaded": _is_file,
    "diet": _is_table,
    "user": _is_text,
    "working_directory": _is_directory,
    "allow_record_mismatch": _is_texts,
    "record": _is_flag,
    "sbom": _is_flag,
    "budgets": _is_table,
    "scan": _is_table,
    "buildkit": _is_table,
    "variants": _is_table,
}
