"""Vulnerabilities: what advisories say about the distributions of an image or a lock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lamina.errors import NetworkError
from lamina.parallel import map_ordered
from lamina.scan.advisory import Advisories, Advisory
from lamina.scan.finding import Finding, Outcome, Place, not_scanned
from lamina.scan.metadata import Distribution

NAME: Final = "vulnerabilities"
_TOPIC: Final = "advisories"
_FRESH_S: Final = 24 * 3600
_WORKERS: Final = 8
_SHOWN: Final = 5
_FIRST: Final = 8
"""As many as are asked about at once: where none of them is known, an index has no advisories."""

_Answer = tuple[Distribution, tuple[Advisory, ...] | None]


class Memory(Protocol):
    """Where answers are kept for a day."""

    def recall(self, topic: str, key: str) -> object:
        """Return what was remembered, or None."""

    def remember(self, topic: str, key: str, value: object) -> None:
        """Remember a JSON value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Advisories, each answer of which is good for a day; ``now`` in seconds since the epoch.

    With ``is_offline`` nobody is asked, and what is not remembered cannot be known.
    """

    source: Advisories
    memory: Memory
    now: float
    is_offline: bool = False

    @property
    def name(self) -> str:
        """Who knows."""
        return self.source.name

    def about(self, name: str, version: str) -> tuple[Advisory, ...] | None:
        """Recall the answer, or ask; an unknown distribution may be known tomorrow."""
        key = f"{self.source.name}\n{name}\n{version}"
        known = _recalled(self.memory.recall(_TOPIC, key), self.now)
        if known is not None:
            return known
        if self.is_offline:
            raise NetworkError(f"{self.name} was not asked about {name} {version}: offline")
        found = self.source.about(name, version)
        if found is not None:
            row = {"at": int(self.now), "advisories": [one.to_json() for one in found]}
            self.memory.remember(_TOPIC, key, row)
        return found


def scan_vulnerabilities(
    found: Sequence[Distribution], advisories: Advisories | None, *, own: frozenset[str]
) -> Outcome:
    """Ask about each distribution but those in ``own``; one that is unknown was not scanned."""
    asked = [one for one in found if one.name not in own]
    skipped = sorted({one.name for one in found} & own)
    if not asked:
        return Outcome(scanner=NAME, coverage=_coverage(0, skipped, ""))
    if advisories is None:
        return not_scanned(
            NAME, "nobody to ask: no index is configured, and LAMINA_OSV_URL is not set"
        )
    try:
        pairs = _ask(asked, advisories)
    except NetworkError as error:
        return not_scanned(NAME, f"{error.what} ({error.where})" if error.where else error.what)
    if not pairs:
        return Outcome(
            scanner=NAME,
            reason=_knows_none(f"{_FIRST} distributions of {len(asked)} that it was asked about",
                               advisories.name),
            coverage=_coverage(0, skipped, ""),
        )  # fmt: skip
    unknown = [str(one) for one, answer in pairs if answer is None]
    return Outcome(
        scanner=NAME,
        findings=tuple(
            _finding(one, advisory) for one, answer in pairs for advisory in _merged(answer or ())
        ),
        reason=_unknown(unknown, len(asked), advisories.name),
        coverage=_coverage(len(asked) - len(unknown), skipped, advisories.name),
    )


def _ask(asked: Sequence[Distribution], advisories: Advisories) -> list[_Answer]:
    """Ask about all; about a few first, and nothing more where those are all unknown.

    Answers come in the order of ``asked``; there are none where the rest was not asked about.
    """

    def ask(numbers: Iterable[int]) -> list[tuple[int, _Answer]]:
        return map_ordered(
            lambda n: (n, (asked[n], advisories.about(asked[n].name, asked[n].version))),
            numbers,
            workers=_WORKERS,
        )

    # From all over the list: what an index does not know, of one company say, may stand together.
    first = sorted({n * len(asked) // _FIRST for n in range(_FIRST)})
    found = ask(first)
    rest = [n for n in range(len(asked)) if n not in first]
    if rest and all(answer is None for _, (_, answer) in found):
        return []
    return [pair for _, pair in sorted([*found, *ask(rest)], key=lambda row: row[0])]


def _merged(advisories: Sequence[Advisory]) -> list[Advisory]:
    """Leave out advisories that repeat another under a name of its own."""
    kept: list[Advisory] = []
    for one in advisories:
        if not any({one.id, *one.aliases} & {other.id, *other.aliases} for other in kept):
            kept.append(one)
    return kept


def _finding(one: Distribution, advisory: Advisory) -> Finding:
    fixed = ", ".join(advisory.fixed)
    unsaid = "" if advisory.is_severity_stated else " (severity not stated)"
    return Finding(
        rule=advisory.id,
        subject=str(one),
        severity=advisory.severity,
        text=f"{one} is vulnerable: {advisory.summary or 'no summary'}{unsaid}",
        aliases=advisory.aliases,
        place=Place(path=one.path, layer=one.layer),
        hint=f"fixed in {fixed}" if fixed else "no version is known to be without it",
        link=advisory.link,
    )


def _unknown(names: Sequence[str], asked: int, source: str) -> str:
    if not names:
        return ""
    if len(names) == asked:
        return _knows_none(f"{asked} distributions by version", source)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (
        f"{len(names)} of {asked} distributions are unknown to {source}: "
        f"{', '.join(names[:_SHOWN])}{more}"
    )


def _knows_none(what: str, source: str) -> str:
    return f"{source} knows none of the {what}; LAMINA_OSV_URL may name somebody who does"


def _coverage(asked: int, skipped: Sequence[str], source: str) -> str:
    text = f"{asked} distributions" + (f", advisories of {source}" if asked else "")
    return text + (f"; not asked about, as your own: {', '.join(skipped)}" if skipped else "")


def _recalled(row: Any, now: float) -> tuple[Advisory, ...] | None:  # noqa: ANN401 - a JSON value
    if not isinstance(row, dict) or not 0 <= now - row.get("at", 0) < _FRESH_S:
        return None
    try:
        return tuple(Advisory.from_json(one) for one in row["advisories"])
    except (KeyError, TypeError):
        return None  # written by another version of us
