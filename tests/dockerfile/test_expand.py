"""Variables, quotes and escapes in words."""

import pytest

from lamina.dockerfile.expand import ExpansionError, Reading, expand, expand_words

_VALUES = {"x": "a.b.c", "empty": "", "path": "/usr/local/bin", "two": "one two"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x-${x}", "a.b.c-a.b.c"),
        ("$nobody", ""),
        ("${nobody:-d}", "d"),
        ("${empty:-d} ${empty-d}", "d "),
        ("${x:+set} ${empty:+set} ${empty+set}", "set  set"),
        ("${nobody:-${x}}", "a.b.c"),
        ("${x#*.}", "b.c"),
        ("${x##*.}", "c"),
        ("${x%.*}", "a.b"),
        ("${x%%.*}", "a"),
        ("${x/./-}", "a-b.c"),
        ("${x//./-}", "a-b-c"),
        ("${path#/usr/?ocal}", "/bin"),
        ("'$x' \"$x\"", "$x a.b.c"),
        ("\\$x \"\\$x\" '\\x'", "$x $x \\x"),
        ("a$", "a$"),
        ('"it\'s"', "it's"),
    ],
)
def test_a_word_is_expanded(text: str, expected: str) -> None:
    assert expand(text, _VALUES.get) == expected


def test_words_are_split_where_nothing_is_quoted() -> None:
    found = expand_words("a 'b c'  $two \"$two\" '' d\\ e", _VALUES.get)

    assert found == ("a", "b c", "one", "two", "one two", "", "d e")


def test_what_is_not_set_can_be_left_as_it_is() -> None:
    reading = Reading(keeps_quotes=True, keeps_escapes=True, keeps_unset=True)

    assert expand("'$x' \"${nobody:-d}\" $x \\n", _VALUES.get, reading) == (
        "'$x' \"${nobody:-d}\" a.b.c \\n"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("'a", "a single quote is not closed"),
        ('"a', "a double quote is not closed"),
        ("${x", "there is no '}' to end a ${"),
        ("${}", "bad substitution: a name belongs after ${"),
        ("${x:=d}", "unknown modifier '=' in ${x"),
        ("${nobody:?give one}", "nobody: give one"),
        ("${x:-" * 99, "too many ${ within each other"),
    ],
)
def test_a_malformed_word_says_why(text: str, why: str) -> None:
    with pytest.raises(ExpansionError) as caught:
        expand(text, _VALUES.get)

    assert str(caught.value) == why
