"""The exit code is 0 only where every scanner that was asked for has scanned."""

import pytest

from lamina.scan.finding import Finding, Outcome, Severity, not_scanned
from lamina.scan.result import ScanResult

CLEAN = Outcome(scanner="secrets")
OFFLINE = not_scanned("debian", "offline")


def found(severity: Severity) -> Outcome:
    hole = Finding(rule="A-1", subject="toy", severity=severity, text="a hole")
    return Outcome(scanner="vulnerabilities", findings=(hole,))


def code(*outcomes: Outcome, threshold: Severity = "medium", allowed: tuple[str, ...] = ()) -> int:
    return ScanResult(
        subject="toy", outcomes=outcomes, threshold=threshold, allowed=allowed
    ).exit_code


def test_clean_is_0() -> None:
    assert code(CLEAN) == 0


@pytest.mark.parametrize(
    ("severity", "threshold", "expected"),
    [
        ("low", "low", 1),
        ("low", "medium", 0),
        ("high", "high", 1),
        ("high", "critical", 0),
        ("critical", "medium", 1),
    ],
)
def test_findings_are_1_from_the_threshold_on(
    severity: Severity, threshold: Severity, expected: int
) -> None:
    assert code(CLEAN, found(severity), threshold=threshold) == expected


def test_what_was_not_scanned_is_4() -> None:
    assert code(CLEAN, OFFLINE) == 4


def test_unless_that_is_allowed_by_name() -> None:
    assert code(CLEAN, OFFLINE, allowed=("debian",)) == 0
    assert code(CLEAN, OFFLINE, allowed=("base",)) == 4


def test_findings_come_before_what_was_not_scanned() -> None:
    assert code(found("high"), OFFLINE) == 1
    assert code(found("low"), OFFLINE) == 4


def test_a_scanner_that_gave_up_half_way_is_not_clean_whatever_it_found() -> None:
    outcome = Outcome(scanner="vulnerabilities", reason="1 of 2 unknown")

    assert (outcome.state, code(outcome)) == ("not scanned", 4)
