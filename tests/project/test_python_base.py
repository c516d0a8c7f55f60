"""Which base has another Python."""

import pytest

from lamina.errors import ProjectError
from lamina.project.python_base import base_with_python


@pytest.mark.parametrize(
    ("base", "python", "found"),
    [
        ("debian:bookworm", "3.13", "debian:trixie"),
        ("debian:trixie", "3.13", "debian:trixie"),
        ("ubuntu:jammy", "3.12", "ubuntu:noble"),
        ("scratch:3.11", "3.12", "scratch:3.12"),
        ("python:3.12-slim", "3.13", "python:3.13-slim"),
        ("python:3.12.4-slim-bookworm", "3.11", "python:3.11-slim-bookworm"),
        ("registry.example.com:5000/library/python:3.12", "3.13",
         "registry.example.com:5000/library/python:3.13"),
    ],
)  # fmt: skip
def test_a_base_of_the_same_kind_has_the_other_python(base: str, python: str, found: str) -> None:
    assert base_with_python(base, python) == found


def test_an_image_that_has_this_python_stays_as_exact_as_it_is() -> None:
    assert base_with_python("python:3.12.4-slim", "3.12") == "python:3.12.4-slim"


def test_a_python_that_no_suite_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ProjectError, match="no debian base has Python") as caught:
        base_with_python("debian:bookworm", "3.12")

    assert caught.value.hint is not None
    assert "trixie has 3.13" in caught.value.hint


@pytest.mark.parametrize("base", ["house/base:1", "python:3.12@sha256:" + "0" * 64, "oci:base"])
def test_a_name_that_says_nothing_of_python_cannot_be_exchanged(base: str) -> None:
    with pytest.raises(ProjectError, match="does not say"):
        base_with_python(base, "3.13")
