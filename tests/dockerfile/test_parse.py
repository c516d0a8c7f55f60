"""What BuildKit reads, and what it refuses, with the line that is wrong."""

import pytest

from lamina.dockerfile.instructions import (
    Arg,
    Assignment,
    Copy,
    Exec,
    From,
    Healthcheck,
    Heredoc,
    Instruction,
    Listing,
    OnBuild,
    Program,
    Run,
    Setting,
    Shell,
    ShellWords,
)
from lamina.dockerfile.parse import parse
from lamina.errors import InputError


def _one(text: str) -> Instruction:
    return parse(f"FROM base\n{text}").instructions[-1]


def test_a_stage_has_a_name_and_a_platform() -> None:
    (found,) = parse("FROM --platform=$BUILDPLATFORM python:3.12 AS Build").instructions

    assert found == From(image="python:3.12", name="build", flags=(("platform", "$BUILDPLATFORM"),))


def test_arguments_may_stand_before_the_first_stage() -> None:
    found = parse("ARG V=3\nARG W\nFROM base:$V\nFROM other")

    assert found.arguments == (Arg(pairs=(("V", "3"),)), Arg(pairs=(("W", None),)))
    assert [stage.number for stage in found.stages] == [0, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN make all", Run(command=Shell(text="make all"))),
        ('RUN ["make", "all"]', Run(command=Exec(words=("make", "all")))),
        ("RUN [make", Run(command=Shell(text="[make"))),
        ("run make", Run(command=Shell(text="make"))),
        ("RUN a \\\n  b \\\n# not this\n\n  c", Run(command=Shell(text="a   b   c"))),
        ("RUN -- --x", Run(command=Shell(text="--x"))),
        ("WORKDIR /a b", Setting(keyword="WORKDIR", value="/a b")),
        ("ENV a=1 b='x y'", Assignment(keyword="ENV", pairs=(("a", "1"), ("b", "'x y'")))),
        (
            "ENV a 1 2",
            Assignment(keyword="ENV", pairs=(("a", "1 2"),), is_legacy=True),
        ),
        ("ARG a b=c", Arg(pairs=(("a", None), ("b", "c")))),
        ("LABEL a=b", Assignment(keyword="LABEL", pairs=(("a", "b"),))),
        ("EXPOSE 80 81/udp", Listing(keyword="EXPOSE", values=("80", "81/udp"))),
        ('VOLUME ["/a"]', Listing(keyword="VOLUME", values=("/a",), is_json=True)),
        ('SHELL ["bash", "-c"]', ShellWords(words=("bash", "-c"))),
        ("CMD serve", Program(keyword="CMD", command=Shell(text="serve"))),
        ("HEALTHCHECK NONE", Healthcheck(command=None)),
        (
            "HEALTHCHECK --retries=2 CMD check",
            Healthcheck(command=Shell(text="check"), flags=(("retries", "2"),)),
        ),
        ("ONBUILD RUN x", OnBuild(instruction=Run(command=Shell(text="x")))),
    ],
)
def test_an_instruction_is_read(text: str, expected: Instruction) -> None:
    assert _one(text) == expected


def test_copy_has_flags_sources_and_a_destination() -> None:
    found = _one("COPY --from=build --link --chmod=644 --exclude=*.md --exclude=a b c /d/")

    assert isinstance(found, Copy)
    assert (found.sources, found.destination) == (("b", "c"), "/d/")
    assert (found.flag("from"), found.is_on("link")) == ("build", True)
    assert found.flag_values("exclude") == ("*.md", "a")


def test_a_flag_may_be_quoted() -> None:
    found = _one('RUN --mount="type=bind,source=a b" x')

    assert isinstance(found, Run)
    assert found.flags == (("mount", "type=bind,source=a b"),)


def test_heredocs_follow_in_their_order() -> None:
    found = _one("COPY <<a.txt <<-'b' /d/\none $x\na.txt\n\ttwo\n\tb\n")

    assert isinstance(found, Copy)
    assert found.heredocs == (
        Heredoc(name="a.txt", content="one $x\n"),
        Heredoc(name="b", content="\ttwo\n", expands=False, strips_tabs=True),
    )
    assert [heredoc.text for heredoc in found.heredocs] == ["one $x\n", "two\n"]


def test_what_only_looks_like_a_heredoc_is_none() -> None:
    for text in ("echo $((1<<3))", "python -c 'x << 3'", "cat <<< word"):
        found = _one(f"RUN {text}")
        assert isinstance(found, Run)
        assert found.command == Shell(text=text)


def test_comments_in_a_heredoc_are_content() -> None:
    found = _one("RUN <<EOF\n# kept\nEOF")

    assert isinstance(found, Run)
    assert isinstance(found.command, Shell)
    assert found.command.heredocs[0].content == "# kept\n"


def test_lines_are_known() -> None:
    found = parse("# syntax=docker/dockerfile:1\n\nFROM a\nRUN x \\\n  y\nRUN <<E\nz\nE\n")

    assert [(x.line, x.end_line) for x in found.instructions] == [(3, 3), (4, 5), (6, 8)]


def test_directives_stand_at_the_top() -> None:
    found = parse("# syntax=docker/dockerfile:1\n# Escape = `\n# note\n# check=skip=all\nFROM a\n")

    assert found.directives == (("syntax", "docker/dockerfile:1"), ("escape", "`"))
    assert [comment.text for comment in found.comments] == ["note", "check=skip=all"]


def test_the_escape_character_can_be_another() -> None:
    found = parse("# escape=`\nFROM a\nRUN dir c:\\ `\n /b\n").instructions[-1]

    assert isinstance(found, Run)
    assert found.command == Shell(text="dir c:\\  /b")


def test_windows_line_ends_are_line_ends() -> None:
    found = parse("FROM a\r\nRUN x \\\r\n  y\r\n").instructions[-1]

    assert isinstance(found, Run)
    assert found.command == Shell(text="x   y")


@pytest.mark.parametrize(
    ("text", "what", "where", "hint"),
    [
        ("", "there is no FROM", None, "a Dockerfile begins with FROM IMAGE"),
        ("RUN x", "only ARG may stand before the first FROM", "line 1", None),
        ("FROM a\nRUM x", "unknown instruction RUM", "line 2", "did you mean RUN?"),
        ("FROM a b", "FROM takes an image, and perhaps AS and a name", "line 1", None),
        ("FROM a\nCOPY x", "COPY needs a source and a destination", "line 2", None),
        ("FROM a\nCOPY --lnk x y", "COPY has no flag --lnk", "line 2", "did you mean link?"),
        ("FROM a\nCOPY --from x y", "--from needs a value", "line 2", "--from=…"),
        (
            "FROM a\nRUN <<E\nx",
            "the heredoc 'E' does not end", "line 2", "a line with only E ends it",
        ),
        ("FROM a\nENV a", "ENV needs a name and a value", "line 2", "ENV NAME=VALUE"),
        ("FROM a\nONBUILD FROM b", "FROM may not stand after ONBUILD", "line 2", None),
        ("FROM a\nRUN", "RUN needs an argument", "line 2", None),
        ("# escape=x\nFROM a", "'x' cannot be the escape character", "line 1", "it is \\ or `"),
        (
            "# check=a\n# check=b\nFROM a",
            "the directive check stands twice", "line 2", None,
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_line(
    text: str, what: str, where: str | None, hint: str | None
) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)

    assert (caught.value.what, caught.value.where, caught.value.hint) == (what, where, hint)
