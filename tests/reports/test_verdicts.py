"""Verdicts as people, programs and GitHub read them."""

from lamina.history.blame import Culprit
from lamina.history.budget import Standing, Verdict
from lamina.reports.document import Tone
from lamina.reports.verdicts import (
    alert_paragraphs,
    github_lines,
    sentence,
    text_lines,
    verdicts_to_json,
)
from tests.history.builds import build
from tests.reports.builds import HOSTILE, situations

ROW = situations(build("0123", seconds=84.2, names=("r/shop:1",)))[0].row
SLOW = Verdict(
    budget="seconds", standing=Standing.BROKEN, actual=84.2, limit=12.3,
    basis="the median of the last 10 builds and 3 times their spread",
    culprits=(Culprit(name="RUN pip install", seconds=74.2, cause="requirements.txt changed"),),
)  # fmt: skip
SMALL = Verdict(budget="image-size", standing=Standing.KEPT, actual=642_000_000, limit=700_000_000)
UNKNOWN = Verdict(budget="reuse", standing=Standing.UNKNOWN, basis="there are no layers")


def test_a_broken_budget_names_the_step_and_the_cause() -> None:
    assert list(text_lines(ROW, [SLOW, SMALL, UNKNOWN])) == [
        "build 0123  r/shop:1  84.2 s",
        ("  broken   build time: 84.2 s, at most 12.3 s allowed "
        "(the median of the last 10 builds and 3 times their spread)"),
        "           - 74.2 s  RUN pip install: requirements.txt changed",
        "  kept     image size: 642.0 MB, at most 700.0 MB allowed",
        "  unknown  layer reuse: there are no layers",
    ]  # fmt: skip


def test_a_rate_has_to_be_at_least_its_budget_and_growth_shows_its_sign() -> None:
    rate = Verdict(budget="hit-rate", standing=Standing.BROKEN, actual=0.17, limit=0.8)
    growth = Verdict(budget="growth", standing=Standing.BROKEN, actual=5e6, limit=1e6)

    assert sentence(rate) == "17 %, at least 80 % allowed"
    assert sentence(growth) == "+5.0 MB, at most 1.0 MB allowed"


def test_github_is_told_of_what_is_broken_alone() -> None:
    assert list(github_lines(ROW, [SLOW, SMALL, UNKNOWN])) == [
        ("::error title=build time of r/shop%3A1::84.2 s, at most 12.3 s allowed "
        "(the median of the last 10 builds and 3 times their spread)"
        "%0A74.2 s  RUN pip install: requirements.txt changed")
    ]  # fmt: skip


def test_a_step_cannot_write_a_workflow_command_of_its_own() -> None:
    culprit = Culprit(name="RUN x\n::set-output name=a::b\r\n::error::100%", seconds=1.0)
    verdict = Verdict(
        budget="seconds", standing=Standing.BROKEN, actual=2, limit=1, culprits=(culprit,)
    )

    (line,) = github_lines(ROW, [verdict])

    assert line.count("\n") == line.count("\r") == 0
    assert line.startswith("::error title=")
    assert line.endswith("::error::100%25")


def test_a_hostile_name_does_not_steer_a_terminal() -> None:
    row = situations(build("0123", names=(HOSTILE,)))[0].row
    verdict = Verdict(
        budget="seconds", standing=Standing.BROKEN, actual=2, limit=1,
        culprits=(Culprit(name=HOSTILE, cause=HOSTILE),),
    )  # fmt: skip

    text = "".join(text_lines(row, [verdict]))

    assert text.isprintable()


def test_as_json_numbers_stay_numbers() -> None:
    found = verdicts_to_json(ROW, [SLOW, SMALL])

    assert (found["build"], found["image"], found["isWithinBudgets"]) == ("0123", "r/shop:1", False)
    assert found["budgets"][0]["limit"] == 12.3
    assert found["budgets"][0]["culprits"][0]["cause"] == "requirements.txt changed"
    assert verdicts_to_json(ROW, [SMALL, UNKNOWN])["isWithinBudgets"] is True


def test_a_report_shows_what_is_broken_as_an_alert() -> None:
    (alert,) = alert_paragraphs([SLOW, SMALL])

    assert alert.tone is Tone.BAD
    assert alert.text.startswith("Build time: 84.2 s, at most 12.3 s allowed")
    assert alert.text.endswith("74.2 s  RUN pip install: requirements.txt changed")
