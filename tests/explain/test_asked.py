"""Command lines of builds."""

import shlex

import pytest

from lamina.explain.asked import Asked, read_buildctl, read_command


def test_what_keys_depend_on_is_read() -> None:
    found = read_command(
        shlex.split(
            "--progress plain -t a:1 -f d/Dockerfile --build-arg A=1 --build-arg B "
            "--target=web --platform linux/amd64,linux/arm64 --add-host h:1.2.3.4 "
            "--secret id=s,src=f --no-cache --build-context lib=../lib -q --label x=y ."
        )
    )

    assert found == Asked(
        context=".",
        dockerfile="d/Dockerfile",
        target="web",
        platforms=("linux/amd64", "linux/arm64"),
        arguments={"A": "1", "B": None},
        contexts={"lib": "../lib"},
        options={
            "add-host": ("h:1.2.3.4",), "secret": ("id=s,src=f",), "no-cache": ("true",),
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "context"),
    [
        (["."], "."),
        (["-tname", "dir"], "dir"),
        (["-qt", "name", "dir"], "dir"),
        (["--pull=false", "dir"], "dir"),
        (["--", "-dir"], "-dir"),
        (["-"], "-"),
        (["-t"], ""),
        ([], ""),
    ],
)
def test_the_context_is_found(words: list[str], context: str) -> None:
    assert read_command(words).context == context


def test_an_option_that_is_switched_off_is_not_given() -> None:
    assert read_command(["--no-cache=false", "."]).options == {}


def test_buildctl_has_other_names_for_the_same() -> None:
    found = read_buildctl(
        shlex.split(
            "--frontend dockerfile.v0 --local context=. --local dockerfile=docker --opt target=web "
            "--opt build-arg:A=1 --opt filename=My.Dockerfile --opt no-cache= --opt add-hosts=h=1 "
            "--import-cache type=local,src=c"
        )
    )

    assert found == Asked(
        context=".",
        dockerfile="docker/My.Dockerfile",
        target="web",
        arguments={"A": "1"},
        options={
            "cache-from": ("type=local,src=c",), "no-cache": ("true",), "add-host": ("h=1",),
        },
    )  # fmt: skip
