"""``lamina.lock.toml``: what ``lamina lock`` found out of a project, read strictly; pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lamina.errors import ProjectError
from lamina.project.base_pin import BasePin, read_pins, render_pins

MOST_LAYERS: Final = 80
"""Layers of wheels that may be written down: an image has 127, with those of its base."""

_VERSION: Final = 1
_HEAD: Final = """\
# Written by `lamina lock`, to be committed: which image the base of this project stands for, and
# which distributions share a layer.  `lamina base check` says whether there is a newer base,
# `lamina lock --upgrade` takes it, `lamina plan --simulate` shows what the layers save.

version = 1
"""
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFile:
    """The file's contents.

    ``layers`` are names of distributions that share a layer, from the bottom up; none where
    nothing was learnt.
    """

    base_pins: tuple[BasePin, ...] = ()
    layers: tuple[tuple[str, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.base_pins or self.layers)


def render_lock_file(lock_file: LockFile) -> str:
    """Write the file's text, equal for equal contents."""
    layers = "".join(_row(names) for names in lock_file.layers)
    table = f"\n[layers]\nwheels = [\n{layers}]\n" if layers else ""
    return _HEAD + render_pins(lock_file.base_pins) + table


def parse_lock_file(document: Mapping[str, Any], *, where: str) -> LockFile:
    """Read the file's document; raise ``ProjectError`` with everything that is wrong in it."""
    version = document.get("version")
    if version != _VERSION or isinstance(version, bool):
        raise ProjectError(
            f"the file has version {version!r}, and this Lamina knows {_VERSION}",
            where=where,
            hint="update Lamina, or delete the file and run `lamina lock`",
        )
    pins, wrong_pins = read_pins(document.get("base", {}))
    layers, wrong_layers = _read_layers(document.get("layers", {"wheels": []}))
    unknown = [f"{key!r} is not known" for key in document if key not in _TABLES]
    if problems := (*unknown, *wrong_pins, *wrong_layers):
        raise ProjectError(
            "what `lamina lock` wrote cannot be read",
            where=where,
            problems=problems,
            hint="delete the file and run `lamina lock`",
        )
    return LockFile(base_pins=pins, layers=layers)


_TABLES: Final = frozenset({"version", "base", "layers"})


def _row(names: Iterable[str]) -> str:
    return "  [" + ", ".join(f'"{name}"' for name in names) + "],\n"


def _read_layers(table: object) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    rows = table.get("wheels") if isinstance(table, dict) and set(table) == {"wheels"} else None
    if not isinstance(rows, list):
        return (), ("layers: expected a table that holds lists of wheels, and nothing else",)
    problems = [f"layers.wheels[{n}]: {p}" for n, row in enumerate(rows) if (p := _wrong(row))]
    if problems:
        return (), tuple(problems)
    names = [name for row in rows for name in row]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems = [f"layers.wheels: {name} is in two places" for name in twice]
    if len(rows) > MOST_LAYERS:
        problems.append(f"layers.wheels: {len(rows)} layers, and {MOST_LAYERS} are the most")
    return tuple(tuple(row) for row in rows), tuple(problems)


def _wrong(row: object) -> str:
    if not isinstance(row, list) or not row:
        return "expected a list of names"
    bad = [name for name in row if not isinstance(name, str) or not _NAME.fullmatch(name)]
    return f"{str(bad[0])[:40]!r} is not a normalized name" if bad else ""
