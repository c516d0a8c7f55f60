"""A record as JSON: what was written is read, what is newer is passed over, what is wrong named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import InputError
from lamina.history.document import (
    record_from_json,
    record_from_text,
    record_to_json,
    record_to_text,
)
from lamina.history.record import BuildOutcome, BuildRecord, StepKind, StepOutcome, repository
from lamina.plan.component import Component
from tests.history import builds

SMALLEST = {"schema": 1, "id": "b", "started": 5}


@given(builds.records)
def test_a_record_is_read_as_it_was_written(record: BuildRecord) -> None:
    text = record_to_text(record)

    assert record_from_text(text) == record
    assert text.isascii()
    assert "\n" not in text


def test_what_has_its_default_is_left_out() -> None:
    record = builds.with_steps(builds.step("a", 1.5))

    assert record_to_json(record) == {
        "schema": 1,
        "id": "b",
        "started": 1000.0,
        "steps": [{"id": "a", "name": "RUN a", "kind": "run", "text": "RUN a", "seconds": 1.5}],
    }


def test_members_that_are_not_known_are_passed_over() -> None:
    """An older Lamina reads what a newer one wrote."""
    step = {"id": "a", "name": "x", "kind": "teleport", "outcome": "postponed", "mood": 7}
    layer = {"digest": "d", "size": 1, "component": "model"}
    newer = {
        **SMALLEST, "schema": 9, "steps": [step], "layers": [layer], "outcome": "paused",
        "weather": {"wind": 3},
    }  # fmt: skip

    record = record_from_json(newer)

    assert record.outcome is BuildOutcome.UNKNOWN
    assert record.steps[0].kind is StepKind.UNKNOWN
    assert record.steps[0].outcome is StepOutcome.UNKNOWN
    assert record.layers[0].component is Component.OTHER


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"id": 7}, "id: unexpected type int (expected str)"),
        ({"seconds": "3"}, "seconds: unexpected type str (expected float)"),
        ({"seconds": True}, "seconds: unexpected type bool (expected float)"),
        ({"seconds": -1}, "seconds: -1 is no number of seconds"),
        ({"seconds": float("nan")}, "seconds: nan is no number of seconds"),
        ({"seconds": 10**400}, "seconds: 1000"),
        ({"context_bytes": 1.5}, "context_bytes: unexpected type float (expected int)"),
        ({"context_bytes": 2**63}, "context_bytes: 9223372036854775808 is no number of bytes"),
        ({"names": "a"}, "names: unexpected type str (expected list)"),
        ({"names": ["a", None]}, "names[1]: unexpected type NoneType (expected str)"),
        ({"phases": []}, "phases: unexpected type list (expected object)"),
        ({"phases": {"plan": "x"}}, "phases.plan: unexpected type str (expected float)"),
        ({"steps": [[]]}, "steps[0]: unexpected type list (expected object)"),
        ({"steps": [{"id": "a"}]}, "steps[0]: name is missing"),
        ({"steps": [{"id": "a", "name": "b", "log": [1]}]},
         "steps[0].log[0]: unexpected type int (expected str)"),
        ({"layers": [{"digest": "d", "size": 1, "cached": 1}]},
         "layers[0].cached: unexpected type int (expected bool)"),
        ({"outcome": 3}, "outcome: unexpected type int (expected str)"),
    ],
)  # fmt: skip
def test_a_member_of_another_type_is_named(members: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        record_from_json({**SMALLEST, **members})

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("value", [None, [], "x", 3, {}, {"schema": 0}, {"schema": True}])
def test_other_documents_are_no_records(value: object) -> None:
    with pytest.raises(InputError, match="not a build record"):
        record_from_json(value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\ufffd"])
def test_what_is_no_json_is_said_to_be_none(text: str) -> None:
    with pytest.raises(InputError, match="not valid JSON"):
        record_from_text(text)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=3)
)


@given(st.sampled_from(sorted(BuildRecord.__dataclass_fields__)), values)
def test_any_value_of_any_member_is_read_or_refused(name: str, value: object) -> None:
    document = json.loads(json.dumps({**SMALLEST, name: value}))

    try:
        record = record_from_json(document)
    except InputError:
        return
    assert record_from_text(record_to_text(record)) == record


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop", "shop"),
        ("shop:1.0", "shop"),
        ("r:5000/team/shop", "r:5000/team/shop"),
        ("r:5000/team/shop:1", "r:5000/team/shop"),
        ("r/shop:1@sha256:0123", "r/shop"),
        ("", ""),
    ],
)
def test_a_repository_is_the_name_without_tag_and_digest(name: str, expected: str) -> None:
    assert repository(name) == expected


@pytest.mark.parametrize(
    ("members", "scope"),
    [
        ({"engine": "native", "project": "shop", "names": ("a:1",)}, "build native shop"),
        ({"kind": "trace", "engine": "buildkit", "names": ("r/a:1",)}, "trace buildkit r/a"),
        ({"engine": "native"}, "build native "),
    ],
)
def test_builds_of_one_project_and_engine_are_comparable(
    members: dict[str, Any], scope: str
) -> None:
    assert builds.build(**members).scope == scope


@pytest.mark.parametrize("id_", ["", "a/b", "..", "\udc80", "a\0", "x" * 65, "caf\u00e9", "a\n"])
def test_an_id_that_is_no_name_of_a_file_is_refused(id_: str) -> None:
    with pytest.raises(InputError, match="no build's id") as caught:
        record_from_json({**SMALLEST, "id": id_})

    assert caught.value.what.isascii()
