"""The table tool.lamina.buildkit is read strictly."""

import pytest

from lamina.project.buildkit_settings import BuildkitSettings, read_buildkit


def test_every_key_is_read() -> None:
    found, problems = read_buildkit(
        {"base": "localhost:5000/debian:12", "builder": "python:3.11", "build-packages": ["gcc"]}
    )

    assert problems == ()
    assert found == BuildkitSettings(
        base="localhost:5000/debian:12", builder="python:3.11", build_packages=("gcc",)
    )


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"bases": "x"}, "unknown setting, did you mean 'base'?"),
        ({"base": "two words"}, "expected the name of an image, got 'two words'"),
        ({"builder": 5}, "expected the name of an image, got 5"),
        ({"build-packages": ["gcc; rm -rf /"]}, "expected a list of Debian packages"),
        ({"build-packages": "gcc"}, "expected a list of Debian packages"),
    ],
)
def test_what_is_wrong_is_said(table: dict[str, object], problem: str) -> None:
    _, problems = read_buildkit(table)

    assert problems == ((next(iter(table)), problem),)
