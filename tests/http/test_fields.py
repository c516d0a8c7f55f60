"""What a server writes into a header field is read as the specification has it, or not at all."""

import pytest

from lamina.http.fields import joined, number_of


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "1.0", " 1", "9" * 19, "9" * 5000])
def test_what_is_no_length_is_none(text: str) -> None:
    assert number_of(text) is None


def test_a_length_may_be_as_large_as_any_file() -> None:
    assert number_of("9" * 18) == 10**18 - 1


def test_lines_that_say_the_same_count_once() -> None:
    assert joined(["5", "5"]) == "5"
    assert joined(["a", "b"]) == "a, b"
