"""Budgets: the ``[tool.lamina.budgets]`` table, what builds and images may cost."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

_UNITS: Final = {
    "B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3,
    "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3,
}  # fmt: skip
_NUMBER: Final = r"\d{1,12}(?:\.\d{1,6})?"
_SIZE: Final = re.compile(rf"({_NUMBER}) *({'|'.join(_UNITS)})")
_SHARE: Final = re.compile(rf"({_NUMBER}) *%")
_RELATIVE: Final = re.compile(rf"median *\+ *({_NUMBER}) *(mad|%)")
_LARGEST: Final = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a build may take beyond the recent median: ``mads`` times the spread, or a share."""

    mads: float = 0.0
    share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What is allowed; None is whatever comes.

    ``seconds`` is a number, or relative to recent builds.  ``image_size`` and ``growth`` are
    bytes; ``growth_share`` is a share of the image before.  The rates are at least so high.
    """

    seconds: float | Allowance | None = None
    image_size: int | None = None
    growth: int | None = None
    growth_share: float | None = None
    hit_rate: float | None = None
    reuse: float | None = None


def read_budgets(table: Mapping[str, object]) -> tuple[Budgets, tuple[tuple[str, str], ...]]:
    """Read the table; return the budgets, and of each wrong key its name and the problem."""
    values: dict[str, object] = {}
    problems = []
    for key, value in table.items():
        if key not in _READERS:
            close = get_close_matches(key, _READERS, n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            problems.append((key, f"unknown budget{hint}"))
            continue
        found = _READERS[key](value)
        if isinstance(found, str):
            problems.append((key, found))
        else:
            values.update(found)
    return Budgets(**values), tuple(problems)  # type: ignore[arg-type]


_Found = Mapping[str, object] | str
"""Members of ``Budgets``, or what is wrong."""


def _seconds(value: object) -> _Found:
    number = _positive(value)
    if number is not None:
        return {"seconds": number}
    match = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return f"expected seconds, 'median + 3 mad' or 'median + 20%', got {value!r}"
    if match[2] == "mad":
        return {"seconds": Allowance(mads=float(match[1]))}
    return {"seconds": Allowance(share=float(match[1]) / 100)}


def _image_size(value: object) -> _Found:
    size = _bytes(value)
    return f"expected a size such as '700 MB', got {value!r}" if size is None else {
        "image_size": size
    }  # fmt: skip


def _growth(value: object) -> _Found:
    if isinstance(value, str) and (match := _SHARE.fullmatch(value)):
        return {"growth_share": float(match[1]) / 100}
    size = 0 if value == 0 and not isinstance(value, bool) else _bytes(value)
    return f"expected a share such as '5%' or a size such as '20 MB', got {value!r}" if (
        size is None
    ) else {"growth": size}  # fmt: skip


def _rate(name: str) -> Callable[[object], _Found]:
    def read(value: object) -> _Found:
        number = _positive(value)
        if number is None or number > 1:
            return f"expected a number above 0 and up to 1, got {value!r}"
        return {name: number}

    return read


def parse_size(text: str) -> int | None:
    """Read a size with its unit as bytes, None for anything else.

    >>> parse_size("700 MB"), parse_size("1.5GiB"), parse_size("large")
    (700000000, 1610612736, None)
    """
    match = _SIZE.fullmatch(text)
    return round(float(match[1]) * _UNITS[match[2]]) if match else None


def _bytes(value: object) -> int | None:
    number = _positive(parse_size(value) if isinstance(value, str) else value)
    return None if number is None else round(number)


def _positive(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _LARGEST:
        return float(value)
    return None


_READERS: Final[Mapping[str, Callable[[object], _Found]]] = {
    "seconds": _seconds,
    "image-size": _image_size,
    "growth": _growth,
    "hit-rate": _rate("hit_rate"),
    "reuse": _rate("reuse"),
}
