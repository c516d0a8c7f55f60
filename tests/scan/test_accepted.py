"""What a project accepts does not count while that lasts, and then it counts again."""

from datetime import date

import pytest

from lamina.project.scan_settings import Accepted
from lamina.scan.accepted import judge
from lamina.scan.finding import Finding, Outcome, not_scanned
from tests.scan.bench import ids

TODAY = date(2026, 11, 25)
HOLE = Finding(
    rule="PYSEC-1", subject="toy 1.0", severity="high", text="a hole", aliases=("CVE-1",)
)
KEY = Finding(rule="secret/private-key", subject="/a.key", severity="critical", text="a key")
OUTCOMES = (
    Outcome(scanner="vulnerabilities", findings=(HOLE,)),
    Outcome(scanner="secrets", findings=(KEY,)),
)


def accepted(id_: str, until: date = TODAY) -> Accepted:
    return Accepted(id=id_, until=until, reason="we know")


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-1", "PYSEC-1:toy 1.0", "CVE-1:toy 1.0"])
def test_a_finding_is_accepted_by_any_of_its_names(name: str) -> None:
    judged = judge(OUTCOMES, [accepted(name)], TODAY)

    assert ids(judged.outcomes) == ["secret/private-key:/a.key"]
    assert [(one.finding, one.scanner, one.reason) for one in judged.waived] == [
        (HOLE, "vulnerabilities", "we know")
    ]
    assert judged.warnings == ()


@pytest.mark.parametrize("name", ["PYSEC-1:toy 2.0", "PYSEC", "toy 1.0", "secret/private-key:/b"])
def test_another_finding_is_not(name: str) -> None:
    judged = judge(OUTCOMES, [accepted(name)], TODAY)

    assert len(ids(judged.outcomes)) == 2
    assert judged.warnings == (
        f"{name} is accepted, and there is no such finding: remove it from the settings",
    )


def test_the_day_itself_is_the_last_one() -> None:
    assert judge(OUTCOMES, [accepted("CVE-1", TODAY)], TODAY).waived != ()


def test_afterwards_it_counts_again_and_is_named() -> None:
    judged = judge(OUTCOMES, [accepted("CVE-1", date(2026, 11, 24))], TODAY)

    assert len(ids(judged.outcomes)) == 2
    assert judged.warnings == (
        "CVE-1 was accepted until 2026-11-24 (we know), and what it accepts counts again",
    )


def test_what_may_not_have_been_looked_at_is_not_called_gone() -> None:
    judged = judge((not_scanned("vulnerabilities", "offline"),), [accepted("CVE-1")], TODAY)

    assert judged.warnings == ()
