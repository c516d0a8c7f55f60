"""Diet settings: the ``[tool.lamina.diet]`` table, which files an image is to do without."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Final

from lamina.errors import ProjectError
from lamina.project.ignore import IgnoreRules

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}([_-][A-Za-z]{2,4})*")
_MODULE: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diet:
    """What is left out of what the project depends on; nothing, unless it is asked for.

    ``locales`` are the languages whose translations stay, None where all do.  ``stdlib`` names
    modules of the base's standard library that go.  ``drop`` and ``keep`` are patterns as in
    .dockerignore, and ``keep`` wins over all else.
    """

    tests: bool = False
    stubs: bool = False
    headers: bool = False
    static_libraries: bool = False
    sources: bool = False
    source_maps: bool = False
    notebooks: bool = False
    debug_symbols: bool = False
    locales: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    stdlib: tuple[str, ...] = ()


def read_diet(table: Mapping[str, object]) -> tuple[Diet, tuple[tuple[str, str], ...]]:
    """Read the table; return the diet, and of each wrong key its name and the problem."""
    known = {field.name.replace("_", "-"): field.name for field in fields(Diet)}
    values: dict[str, object] = {}
    problems: list[tuple[str, str]] = []
    for key, value in table.items():
        if key not in known:
            close = get_close_matches(key, known, n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            problems.append((key, f"unknown setting{hint}"))
        elif problem := _READERS.get(key, _is_flag)(value):
            problems.append((key, problem))
        else:
            values[known[key]] = _sorted(key, value)
    return (Diet() if problems else Diet(**values)), tuple(problems)  # type: ignore[arg-type]


def _sorted(key: str, value: object) -> object:
    """Bring what has no order into one, so that equal diets make equal keys."""
    if not isinstance(value, list):
        return value
    return tuple(value) if key in {"drop", "keep"} else tuple(sorted(set(value)))


def _is_flag(value: object) -> str:
    return "" if isinstance(value, bool) else f"expected true or false, got {value!r}"


def _are_patterns(value: object) -> str:
    problem = _are_texts(value, re.compile(r"[^!/\0][^\0]*"), "patterns such as 'shop/data/*.csv'")
    if not problem and isinstance(value, list):
        try:
            IgnoreRules(value)
        except ProjectError as error:
            return error.what
    return problem


def _are_languages(value: object) -> str:
    return _are_texts(value, _LANGUAGE, "languages that stay, such as ['de', 'pt_BR']")


def _are_modules(value: object) -> str:
    return _are_texts(value, _MODULE, "top-level modules, such as ['sqlite3', '_codecs_jp']")


def _are_texts(value: object, form: re.Pattern[str], expected: str) -> str:
    is_list = isinstance(value, list)
    if is_list and all(isinstance(x, str) and form.fullmatch(x) for x in value):  # type: ignore[attr-defined]
        return ""
    return f"expected a list of {expected}, got {value!r}"


_READERS: Final[Mapping[str, Callable[[object], str]]] = {
    "locales": _are_languages,
    "drop": _are_patterns,
    "keep": _are_patterns,
    "stdlib": _are_modules,
}
