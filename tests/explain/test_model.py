"""The model says of each change what a real engine did (tests/interop/test_explain.py asks one)."""

from pathlib import Path

import pytest

from lamina.explain.compare import Verdict, compare
from lamina.explain.words import change_text
from tests.explain.cases import CASES, Case
from tests.explain.project import model_of, start, text_of


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_which_steps_a_change_runs_again(tmp_path: Path, case: Case) -> None:
    folder = start(tmp_path, case)
    before = model_of(folder)
    case.change(folder)

    judged = compare(before, model_of(folder))

    steps = [one for one in judged if one.step.keyword != "FROM"]
    assert {text_of(x.step.text): _word(x.verdict) for x in steps} == {
        text_of(x.step.text): _expected(case, text_of(x.step.text)) for x in steps
    }


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.blames and case.reruns], ids=lambda case: case.name
)
def test_what_is_blamed_for_it(tmp_path: Path, case: Case) -> None:
    folder = start(tmp_path, case)
    before = model_of(folder)
    case.change(folder)

    judged = compare(before, model_of(folder))

    first = next(one for one in judged if one.verdict is Verdict.CHANGED)
    facts = [f"{change_text(c)} {c.kind} {first.step.text}" for c in first.changes]
    assert any(case.blames in fact for fact in facts)


def _word(verdict: Verdict) -> str:
    return "runs" if verdict in {Verdict.CHANGED, Verdict.BELOW} else str(verdict)


def _expected(case: Case, text: str) -> str:
    if case.maybe and text.startswith(case.maybe):
        return "maybe"
    return "runs" if case.reruns and text.startswith(case.reruns) else "same"
