"""The table of settings that a project gets, with its reasons, in pyproject.toml; pure."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lamina.errors import ProjectError
from lamina.project.detect.detect import Detected
from lamina.project.detect.service import Service
from lamina.project.detect.variants import Variant

_ASSEMBLED: Final = "debian:"
_BUDGETS: Final = """\

[tool.lamina.budgets] # `lamina check` compares each build with those before it
seconds = "median + 3 mad"
growth = "5%"
"""
Value = str | int | Sequence[str] | Mapping[str, str]


def has_table(text: str) -> bool:
    """Say whether a pyproject.toml has settings of Lamina already.

    Raises ``ProjectError`` for a file that is not TOML.
    """
    try:
        tool = tomllib.loads(text).get("tool", {})
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"not valid TOML: {error}", where="pyproject.toml") from error
    return isinstance(tool, dict) and "lamina" in tool


def with_table(text: str, detected: Detected, *, requirements: str = "") -> str:
    """Add the table at the end of a pyproject.toml; every other character stays.

    ``requirements`` is the lock, where it is not called as builds expect it.
    """
    table = settings_table(detected, requirements=requirements)
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    new = f"{text}{gap}{table}"
    try:
        tomllib.loads(new)
    except ValueError as error:  # [tool] is an inline table, which nothing can be added to
        raise ProjectError(
            "the settings cannot be added",
            where="pyproject.toml",
            hint=f"add them by hand:\n{table}",
            why=str(error),
        ) from error
    return new


def settings_table(detected: Detected, *, requirements: str = "") -> str:
    """Write the table, each guess with its reason as a comment."""
    lines = [_line(key, value, why) for key, value, why in _rows(detected, requirements) if value]
    variants = [text for variant in detected.split.variants for text in _variant(variant)]
    return "".join(["[tool.lamina]\n", *lines, _BUDGETS, *variants])


def _rows(detected: Detected, requirements: str) -> Iterator[tuple[str, Value, str]]:
    base, split = detected.base, detected.split
    yield "base", base.value, base.why
    if not base.value.startswith(_ASSEMBLED):
        yield "python", detected.python.value, detected.python.why
    yield (
        "requirements",
        requirements,
        f"`lamina lock` makes it of {detected.dependencies.file.value}",
    )
    # Only bases that are made of packages can be given more.
    packages = detected.system_packages if base.value.startswith(_ASSEMBLED) else ()
    yield "system-packages", [p.value for p in packages], _joined(p.why for p in packages)
    for kind in ("extra", "group"):
        found = [one for one in split.included if one.value[0] == kind]
        yield f"{kind}s", [one.value[1] for one in found], _joined(one.why for one in found)
    yield from _service_rows(detected.service, root=_root(detected))


def _service_rows(service: Service, *, root: str = "") -> Iterator[tuple[str, Value, str]]:
    yield "entrypoint", service.entrypoint.value, service.entrypoint.why
    yield "port", service.port.value, service.port.why
    yield "healthcheck", service.healthcheck.value, service.healthcheck.why
    environment = dict(service.environment)
    if root:
        environment["PYTHONPATH"] = root
    yield "environment", environment, ""
    yield "include", service.include, "the project's wheel does not hold it"


def _root(detected: Detected) -> str:
    """Name the folder that modules are imported from, where it is not the working directory."""
    layout = detected.layout
    is_below = layout.kind.value == "src" and not layout.is_distributable
    return "/app/src" if is_below else ""


def _variant(variant: Variant) -> Iterator[str]:
    yield f"\n[tool.lamina.variants.{_key(variant.name)}] # {variant.why}\n"
    rows: list[tuple[str, Value, str]] = [
        ("extras", variant.extras, ""),
        ("groups", variant.groups, ""),
    ]
    if variant.service is not None:
        rows += _service_rows(variant.service)
    yield from (_line(key, value, why) for key, value, why in rows if value)


def _line(key: str, value: Value, why: str) -> str:
    return f"{key} = {_toml(value)}{f' # {why}' if why else ''}\n"


def _toml(value: Value) -> str:
    match value:
        case Mapping():
            return f"{{ {', '.join(f'{_key(k)} = {_toml(v)}' for k, v in value.items())} }}"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case int():
            return str(value)
        case _:
            return f"[{', '.join(map(_toml, value))}]"


def _key(text: str) -> str:
    is_bare = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    return text if is_bare else _toml(text)


def _joined(reasons: Iterator[str]) -> str:
    return "; ".join(dict.fromkeys(reasons))
