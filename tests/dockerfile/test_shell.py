"""Which programs a RUN starts."""

import pytest

from lamina.dockerfile.instructions import Exec, Heredoc, Shell
from lamina.dockerfile.shell import commands


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pip install -r a.txt", [("pip", "install", "-r", "a.txt")]),
        ("cd /w && A=1 B=2 make; true", [("cd", "/w"), ("make",), ("true",)]),
        ("echo 'a && b' | tee c", [("echo", "a && b"), ("tee", "c")]),
        ("if true; then make; fi", [("true",), ("make",), ("fi",)]),
        ("(make)", [("make",)]),
        ("echo a \\; b", [("echo", "a", ";", "b")]),
    ],
)
def test_a_command_is_split(text: str, expected: list[tuple[str, ...]]) -> None:
    assert [*commands(Shell(text=text))] == expected


def test_json_form_is_one_command() -> None:
    assert commands(Exec(words=("a", "b;c"))) == (("a", "b;c"),)


def test_a_heredoc_is_a_script() -> None:
    script = Heredoc(name="EOF", content="apt-get update\napt-get install -y git\n")

    found = commands(Shell(text="<<EOF", heredocs=(script,)))

    assert found[1:] == (("apt-get", "update"), ("apt-get", "install", "-y", "git"))
