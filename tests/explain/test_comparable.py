"""Which earlier build one is compared with."""

from typing import Any

from lamina.explain.comparable import comparable
from lamina.history.record import BuildOutcome, BuildRecord


def _build(id_: str, **members: Any) -> BuildRecord:
    found = {"kind": "dockerfile", "target": members.pop("target", "")}
    return BuildRecord(id=id_, started=1.0, kind="trace", fingerprint=found, **members)


def test_the_newest_of_equals_is_taken() -> None:
    assert comparable(_build("c"), [_build("b"), _build("a")]) == _build("b")


def test_one_of_the_same_target_says_more_than_a_newer_one() -> None:
    found = comparable(_build("c"), [_build("b", target="test"), _build("a")])

    assert found == _build("a")


def test_one_that_ended_well_says_more_than_a_newer_one() -> None:
    failed = _build("b", outcome=BuildOutcome.FAILED)

    assert comparable(_build("c"), [failed, _build("a")]) == _build("a")
    assert comparable(_build("c"), [failed]) == failed


def test_one_of_the_same_name_says_more_than_a_newer_one() -> None:
    found = comparable(
        _build("c", names=("a:2",)), [_build("b", names=("b:1",)), _build("a", names=("a:1",))]
    )

    assert found == _build("a", names=("a:1",))


def test_the_first_build_has_none() -> None:
    assert comparable(_build("c"), [_build("c")]) is None
