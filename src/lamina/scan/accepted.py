"""Accepted: which findings the project has said it lives with, and until when; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from lamina.project.scan_settings import Accepted
from lamina.scan.finding import Finding, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """A finding that does not count, and why."""

    finding: Finding
    scanner: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Outcomes without what is accepted, that apart, and what is wrong with the acceptances."""

    outcomes: tuple[Outcome, ...]
    waived: tuple[Waived, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(outcomes: Sequence[Outcome], accepted: Sequence[Accepted], today: date) -> Judged:
    """Take accepted findings out, while they are accepted: that day ``until`` is the last one."""
    valid = [one for one in accepted if one.until >= today]
    waived: list[Waived] = []
    kept: list[Outcome] = []
    for outcome in outcomes:
        counted: list[Finding] = []
        for finding in outcome.findings:
            match = next((one for one in valid if finding.is_called(one.id)), None)
            if match is None:
                counted.append(finding)
            else:
                waived.append(
                    Waived(
                        finding=finding,
                        scanner=outcome.scanner,
                        until=match.until,
                        reason=match.reason,
                    )
                )
        kept.append(replace(outcome, findings=tuple(counted)))
    warnings = tuple(_warnings(outcomes, accepted, today))
    return Judged(outcomes=tuple(kept), waived=tuple(waived), warnings=warnings)


def _warnings(
    outcomes: Sequence[Outcome], accepted: Sequence[Accepted], today: date
) -> Iterator[str]:
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    for one in accepted:
        is_found = any(finding.is_called(one.id) for finding in findings)
        if one.until < today:
            again = ", and what it accepts counts again" if is_found else ""
            yield f"{one.id} was accepted until {one.until} ({one.reason}){again}"
        elif not is_found and all(outcome.state != "not scanned" for outcome in outcomes):
            yield f"{one.id} is accepted, and there is no such finding: remove it from the settings"
