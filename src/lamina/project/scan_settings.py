"""Scan settings: the ``[tool.lamina.scan]`` table, what a project accepts and what it refuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Final

_MOST_DAYS: Final = 36_500
_MEMBERS: Final = ("id", "until", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding that the project lives with up to and including the day ``until``."""

    id: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """What is accepted and what is refused.

    ``own_distributions`` are made by the project or its owners, so no public advisory is about
    them and their names are nobody else's business.  ``base_max_age`` is in days; 0 is any age.
    """

    accept: tuple[Accepted, ...] = ()
    deny_licenses: tuple[str, ...] = ()
    own_distributions: tuple[str, ...] = ()
    base_max_age: int = 0


def read_scan(table: Mapping[str, object]) -> tuple[ScanSettings, tuple[tuple[str, str], ...]]:
    """Read the table; return the settings, and of each wrong key its name and the problem."""
    values: dict[str, object] = {}
    problems: list[tuple[str, str]] = []
    for key, value in table.items():
        if key not in _READERS:
            problems.append((key, f"unknown setting{_guess(key, _READERS)}"))
            continue
        found, wrong = _READERS[key](value)
        problems += [(key, problem) for problem in wrong]
        values[key.replace("-", "_")] = found
    if problems:
        return ScanSettings(), tuple(problems)
    return ScanSettings(**values), ()  # type: ignore[arg-type]


_Found = tuple[object, list[str]]
"""A member of ``ScanSettings``, and what is wrong."""


def _accept(value: object) -> _Found:
    if not isinstance(value, list):
        return (), ["expected a list of tables with id, until and reason"]
    found: list[Accepted] = []
    problems: list[str] = []
    for number, row in enumerate(value, 1):
        wrong = _wrong_row(row)
        problems += [f"entry {number}: {problem}" for problem in wrong]
        if not wrong:
            found.append(Accepted(id=row["id"], until=row["until"], reason=row["reason"]))
    return tuple(found), problems


def _wrong_row(row: object) -> list[str]:
    if not isinstance(row, dict):
        return ["expected a table with id, until and reason"]
    problems = [
        f"{key!r} is not known{_guess(key, _MEMBERS)}" for key in row if key not in _MEMBERS
    ]
    problems += [
        f"{key} has to be a text that says something"
        for key in ("id", "reason")
        if not isinstance(row.get(key), str) or not row[key].strip()
    ]
    until = row.get("until")
    if not isinstance(until, date) or isinstance(until, datetime):
        problems.append("until has to be a day, such as 2027-01-31 without quotes")
    return problems


def _texts(value: object) -> _Found:
    if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
        return tuple(value), []
    return (), ["expected a list of texts"]


def _days(value: object) -> _Found:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_DAYS:
        return value, []
    return 0, [f"expected a number of days, got {value!r}"]


def _guess(key: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    close = get_close_matches(key, tuple(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


_READERS: Final[Mapping[str, Callable[[object], _Found]]] = {
    "accept": _accept,
    "deny-licenses": _texts,
    "own-distributions": _texts,
    "base-max-age": _days,
}
