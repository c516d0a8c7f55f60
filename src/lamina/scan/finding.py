"""Findings, and how a scanner ends: clean, with findings, or not having scanned."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("low", "medium", "high", "critical")
"""From the mildest on."""

State = Literal["clean", "findings", "not scanned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a finding is: a file (``path``, with no leading slash), or a part of the config.

    ``line`` counts from 1; 0 is unknown.  ``layer`` counts from 1 at the bottom; 0 is none.
    """

    path: str = ""
    line: int = 0
    layer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    ``rule`` says what kind it is: an advisory's id, or ``kind/name`` for our own.  ``subject`` is
    what it is about.  ``text`` is a sentence that holds no secret.  ``aliases`` are other names of
    the rule.
    """

    rule: str
    subject: str
    severity: Severity
    text: str
    aliases: tuple[str, ...] = ()
    place: Place = field(default_factory=Place)
    hint: str = ""
    link: str = ""

    @property
    def id(self) -> str:
        """What the settings accept it by; equal for the same finding in the next image."""
        return f"{self.rule}:{self.subject}"

    def is_called(self, name: str) -> bool:
        """Say whether ``name`` is its id, its rule or an alias, each with the subject or without.

        >>> one = Finding(rule="CVE-1", aliases=("P-1",), subject="toy 1", severity="low", text="")
        >>> [one.is_called(name) for name in ("CVE-1", "P-1:toy 1", "CVE-1:other")]
        [True, True, False]
        """
        rules = (self.rule, *self.aliases)
        return name in rules or name in {f"{rule}:{self.subject}" for rule in rules}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one scanner ended.

    ``reason`` says why something that it was asked to look at was not; then it is not clean,
    whatever it found.  ``coverage`` says what it looked at, and what it never looks at.
    """

    scanner: str
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    coverage: str = ""

    @property
    def state(self) -> State:
        """Its last word; "not scanned" even with findings, for there may be more."""
        if self.reason:
            return "not scanned"
        return "findings" if self.findings else "clean"


def not_scanned(scanner: str, reason: str) -> Outcome:
    """End without having looked."""
    return Outcome(scanner=scanner, reason=reason)


def at_least(findings: Sequence[Finding], threshold: Severity) -> tuple[Finding, ...]:
    """Return the findings that are as severe as ``threshold``, or more."""
    least = SEVERITIES.index(threshold)
    return tuple(one for one in findings if SEVERITIES.index(one.severity) >= least)


def by_severity(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Sort the worst first, then by id."""
    return tuple(sorted(findings, key=lambda one: (-SEVERITIES.index(one.severity), one.id)))
