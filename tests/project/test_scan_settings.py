"""The scan's table is read strictly, every problem at once."""

import tomllib
from datetime import date

import pytest

from lamina.errors import ProjectError
from lamina.project.scan_settings import Accepted, ScanSettings, read_scan
from lamina.project.settings import read_settings

FULL = """
deny-licenses = ["GPL-*"]
own-distributions = ["house-tools"]
base-max-age = 90

[[accept]]
id = "PYSEC-2021-66"
until = 2027-01-31
reason = "not reachable"
"""


def problems(text: str) -> list[tuple[str, str]]:
    return list(read_scan(tomllib.loads(text))[1])


def test_every_setting_is_read() -> None:
    assert read_scan(tomllib.loads(FULL)) == (
        ScanSettings(
            accept=(Accepted(id="PYSEC-2021-66", until=date(2027, 1, 31), reason="not reachable"),),
            deny_licenses=("GPL-*",),
            own_distributions=("house-tools",),
            base_max_age=90,
        ),
        (),
    )


def test_without_a_table_nothing_is_accepted_or_refused() -> None:
    assert read_scan({}) == (ScanSettings(), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("acept = []", "did you mean 'accept'?"),
        ("deny-licenses = 'GPL'", "expected a list of texts"),
        ("deny-licenses = ['']", "expected a list of texts"),
        ("own-distributions = [5]", "expected a list of texts"),
        ("base-max-age = 0", "expected a number of days, got 0"),
        ("base-max-age = true", "expected a number of days"),
        ("base-max-age = '90'", "expected a number of days"),
        ("accept = 'CVE-1'", "expected a list of tables"),
        ("accept = ['CVE-1']", "entry 1: expected a table"),
        ("accept = [{id = 'A', until = 2027-01-01}]", "entry 1: reason has to be a text"),
        ("accept = [{id = 'A', reason = 'b'}]", "entry 1: until has to be a day"),
        ("accept = [{id = 'A', reason = 'b', until = '2027-01-01'}]", "without quotes"),
        ("accept = [{id = 'A', reason = 'b', until = 2027-01-01T00:00:00Z}]", "has to be a day"),
        ("accept = [{id = ' ', reason = 'b', until = 2027-01-01}]", "id has to be a text"),
        ("accept = [{ids = 'A', id = 'A', reason = 'b', until = 2027-01-01}]", "did you mean 'id'"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    assert says in problems(text)[0][1]


def test_all_problems_come_together_each_with_its_place() -> None:
    table = tomllib.loads("[scan]\nbase-max-age = 'x'\ndeny = 5\naccept = [{}, 5]\n")

    with pytest.raises(ProjectError) as caught:
        read_settings(table, locate=lambda key: f"line of {key}")

    assert [line.partition(": tool")[0] for line in caught.value.problems] == [
        "line of scan.base-max-age",
        "line of scan.deny",
        *["line of scan.accept"] * 4,
    ]


def test_a_scan_that_is_no_table_is_a_problem() -> None:
    with pytest.raises(ProjectError):
        read_settings({"scan": "yes"}, locate=str)
