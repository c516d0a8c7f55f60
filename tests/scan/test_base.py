"""A base is judged by what is known of it, and what is not known is not called current."""

import pytest

from lamina.scan.base import BaseStatus, scan_base
from lamina.scan.finding import Outcome, not_scanned
from tests.scan.bench import ids

DAY = 24 * 3600


def status(state: str, **fields: object) -> BaseStatus:
    return BaseStatus(reference="python:3", state=state, **fields)  # type: ignore[arg-type]


def scan(found: BaseStatus, *, most_days: int = 0, packages: Outcome | None = None) -> Outcome:
    return scan_base(found, now=100 * DAY, most_days=most_days, packages=packages)


def test_a_newer_base_is_found() -> None:
    outcome = scan(status("newer", old="sha256:1", new="sha256:2"))

    assert ids(outcome) == ["base/newer:python:3"]
    assert "sha256:1, now it is sha256:2" in outcome.findings[0].text


def test_a_current_base_is_clean() -> None:
    assert scan(status("current", created=DAY)).state == "clean"


def test_a_current_base_may_still_be_too_old() -> None:
    old = status("current", created=DAY)

    assert ids(scan(old, most_days=98)) == ["base/old:python:3"]
    assert ids(scan(old, most_days=99)) == []


def test_a_base_that_does_not_say_its_age_is_not_young() -> None:
    assert scan(status("current"), most_days=30).state == "not scanned"


def test_what_is_not_known_is_not_scanned() -> None:
    assert scan(status("unknown", hint="offline")).reason == "offline"


def test_what_does_not_move_is_clean() -> None:
    assert scan(status("fixed"), most_days=30).state == "clean"


@pytest.mark.parametrize(
    ("packages", "state"),
    [
        (None, "not scanned"),
        (not_scanned("debian", "offline"), "not scanned"),
        (Outcome(scanner="debian"), "clean"),
    ],
)
def test_a_base_of_packages_is_as_good_as_their_scanner(
    packages: Outcome | None, state: str
) -> None:
    assert scan(status("assembled"), packages=packages).state == state
