"""Which Python, and which base."""

import pytest

from lamina.project.detect.python import find_base, find_python
from tests.project.detect.snapshots import snapshot


def _requires(text: str) -> dict[str, str]:
    return {"pyproject.toml": f'[project]\nrequires-python = "{text}"\n'}


@pytest.mark.parametrize(
    ("files", "python"),
    [
        ({}, "3.11"),
        (_requires(">=3.9"), "3.11"),
        (_requires(">=3.11.4,<3.12"), "3.11"),
        (_requires(">=3.12"), "3.13"),
        (_requires("==3.12.*"), "3.12"),
        ({**_requires(">=3.11"), ".python-version": "3.12.4\n"}, "3.12"),
        ({"runtime.txt": "python-3.13.1"}, "3.13"),
        ({"Pipfile": '[requires]\npython_version = "3.13"\n'}, "3.13"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.12"\n'}, "3.13"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "~3.12"\n'}, "3.12"),
        ({"setup.cfg": "[options]\npython_requires = >=3.13\n"}, "3.13"),
        ({"setup.py": "setup(python_requires='>=3.13')"}, "3.13"),
        ({"Dockerfile": "FROM docker.io/library/python:3.13-slim AS x\n"}, "3.13"),
        ({**_requires(">=3.11"), "Dockerfile": "FROM python:3.13\n"}, "3.11"),
        (_requires("nonsense"), "3.11"),
    ],
)
def test_a_pin_decides_and_else_the_first_that_fits(files: dict[str, str], python: str) -> None:
    assert find_python(snapshot(files)).value == python


@pytest.mark.parametrize(
    ("python", "base"),
    [("3.11", "debian:bookworm"), ("3.13", "debian:trixie"), ("3.12", "python:3.12-slim")],
)
def test_the_base_carries_that_python(python: str, base: str) -> None:
    assert find_base(python).value == base
