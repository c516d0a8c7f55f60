"""Differences between two JSON documents, each with its path; pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_LONGEST: Final = 120
_NOTHING: Final = object()


def json_differences(expected: Any, actual: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """Say in which members ``actual`` differs from ``expected``.

    Lists of ``NAME=value``, as an image's environment is, are compared by name.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        yield from _members(expected, actual, path)
    elif _is_environment(expected) and _is_environment(actual):
        yield from _members(_table(expected), _table(actual), path)
        if _table(expected) == _table(actual) and expected != actual:
            yield f"{path} is in another order"
    elif isinstance(expected, list) and isinstance(actual, list):
        for number in range(max(len(expected), len(actual))):
            yield from json_differences(
                expected[number] if number < len(expected) else _NOTHING,
                actual[number] if number < len(actual) else _NOTHING,
                f"{path}.{number}",
            )
    elif expected != actual or type(expected) is not type(actual):
        yield _changed(expected, actual, path)


def read_json(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Read a document; None for anything that is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def names_twice(data: bytes) -> bool:
    """Say whether an object of a document has two members of one name."""
    is_double = False

    def note(pairs: list[tuple[str, Any]]) -> None:
        nonlocal is_double
        is_double = is_double or len({name for name, _ in pairs}) < len(pairs)

    json.loads(data, object_pairs_hook=note)
    return is_double


def _members(expected: Mapping[str, Any], actual: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in sorted(expected.keys() | actual.keys()):
        inner = f"{path}.{name}" if path else name
        before, after = expected.get(name, _NOTHING), actual.get(name, _NOTHING)
        yield from json_differences(before, after, inner)


def _changed(expected: object, actual: object, path: str) -> str:
    if expected is _NOTHING:
        return f"{path} is {_shown(actual)}, and nothing was expected"
    if actual is _NOTHING:
        return f"{path} is missing, and {_shown(expected)} was expected"
    return f"{path} is {_shown(actual)} instead of {_shown(expected)}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _is_environment(value: object) -> bool:
    """Say whether a list is one of variables, each once."""
    if not isinstance(value, list) or not all(isinstance(x, str) and "=" in x for x in value):
        return False
    return bool(value) and len(_table(value)) == len(value)


def _table(lines: list[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines)
