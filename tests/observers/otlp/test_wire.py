"""What collectors answer is read with care."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.observers.otlp.schema import TRACES
from lamina.observers.otlp.wire import rejected, to_protobuf


@given(st.binary(max_size=40))
def test_no_answer_is_an_error(answer: bytes) -> None:
    assert rejected(answer, is_json=True) == 0
    assert rejected(answer, is_json=False) >= 0


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (b"", 0), (b"null", 0), (b"[1]", 0), (b'{"partialSuccess": 1}', 0),
        (b'{"partialSuccess": {"rejectedSpans": "7"}}', 7),
        (b'{"partialSuccess": {"rejectedSpans": []}}', 0),
        (b"[" * 100_000, 0),
    ],
)  # fmt: skip
def test_answers_in_json(answer: bytes, count: int) -> None:
    assert rejected(answer, is_json=True) == count


def test_a_member_that_is_not_in_the_schema_is_a_bug_of_ours() -> None:
    with pytest.raises(KeyError):
        to_protobuf({"resourceSpan": []}, TRACES)
