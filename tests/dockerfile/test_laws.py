"""Laws of the language: written and read again it is the same, and no text is a traceback."""

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lamina.dockerfile.expand import ExpansionError, expand, expand_words
from lamina.dockerfile.instructions import Shell
from lamina.dockerfile.parse import parse
from lamina.dockerfile.render import render
from lamina.dockerfile.shell import commands
from lamina.errors import InputError

_WORDS = [
    *("FROM", "RUN", "COPY", "ADD", "ENV", "ARG", "LABEL", "ONBUILD", "SHELL", "CMD", "VOLUME"),
    *("HEALTHCHECK", "WORKDIR", "USER", "EXPOSE", "AS", "NONE", "x", "a=b", "a='b c'", "--"),
    *("--from=0", "--link", "--mount=type=cache,target=/c", "--chmod=", "<<EOF", "<<-'E'", "EOF"),
    *("E", '["a", "b"]', '["a"', "[1]", "$x", "${x:-d}", "${x#p}", "\\", "\\ ", "`", "#"),
    *("# escape=`", "# syntax=a", "'", '"', "\n", "\n\n", "\r\n", "\t", " ", "\x0b", "\ufeff"),
    *("é", "\x00", "|", "&&", ";"),
]
_PIECES = st.sampled_from(_WORDS)
_TEXTS = st.lists(_PIECES, max_size=30).map(" ".join) | st.lists(_PIECES, max_size=30).map("".join)

_ARGUMENT = st.sampled_from(
    ["x", "a=b", "'c d'", "$x", "\\\\", '["a", "b"]', "--", "#", "<<EOF", "é"]
)
_LINES = st.builds(
    lambda keyword, words: f"{keyword} {' '.join(words)}\n{_ending(words)}",
    st.sampled_from(
        ["RUN", "ONBUILD RUN", "COPY", "ADD --link", "ENV a", "ENV a=", "ARG", "LABEL k=", "CMD",
         "WORKDIR", "VOLUME", "HEALTHCHECK CMD", "RUN --mount=type=cache,target=/c", "FROM"]
    ),
    st.lists(_ARGUMENT, min_size=1, max_size=4),
)  # fmt: skip


def _ending(words: list[str]) -> str:
    """End the heredocs that were begun, in their order."""
    return "".join("text $x\nEOF\n" for word in words if word == "<<EOF")


@settings(max_examples=500)
@given(_TEXTS.map("FROM a\n{}".format))
@example("FROM a\nRUN x \\\x0b")
@example("FROM a\nRUN -- --x")
@example('FROM a\nRUN --mount="type=bind, a\\"b" y')
@example("# escape=`\nFROM a\nRUN x `\n y\\")
def test_what_is_written_is_read_back(text: str) -> None:
    try:
        found = parse(text)
    except InputError:
        return

    assert parse(render(found)) == found


@settings(max_examples=300)
@given(_LINES)
def test_each_instruction_is_read_back(line: str) -> None:
    try:
        found = parse(f"FROM a\n{line}")
    except InputError:
        return

    assert parse(render(found)) == found


@settings(max_examples=500)
@given(_TEXTS | st.text())
def test_any_text_is_a_dockerfile_or_an_error_that_names_a_line(text: str) -> None:
    problem = _problem(text)

    assert problem is None or problem.where is None or problem.where.startswith("line ")
    assert problem is None or "\n" not in problem.what


def _problem(text: str) -> InputError | None:
    try:
        parse(text)
    except InputError as error:
        return error
    return None


@given(st.lists(_PIECES | st.text(max_size=3), max_size=20).map("".join))
def test_any_text_is_expanded_or_refused(text: str) -> None:
    for function in (expand, expand_words):
        with suppress(ExpansionError):
            function(text, {"x": "ab"}.get)


@given(st.text(alphabet="ab$'\"\\;&|(){}\n <", max_size=30))
def test_any_command_is_split_somehow(text: str) -> None:
    assert all(commands(Shell(text=text)))
