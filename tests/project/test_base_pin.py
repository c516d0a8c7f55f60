"""What a base's tag stands for is written down beside the project, and read back strictly."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.errors import ProjectError, UsageError
from lamina.oci.digest import Digest
from lamina.project.base_pin import (
    FILE,
    BasePin,
    find_pin,
    moving_tag,
    parse_pins,
    pinned,
    registry_reference,
    render_pins,
    stale_pins,
)
from lamina.project.read import read_project

ONE, TWO = Digest.of(b"one"), Digest.of(b"two")
PYTHON = BasePin(reference="python:3.12-slim", digest=ONE)
OTHER = BasePin(reference="registry.example.com/bases/python:3", digest=TWO)
FIXED = f"python:3.12-slim@{TWO}"


def test_a_pinned_tag_is_resolved_by_its_digest() -> None:
    assert pinned("python:3.12-slim", [OTHER, PYTHON]) == f"python:3.12-slim@{ONE}"


@pytest.mark.parametrize(
    "base", ["debian:bookworm", "ubuntu:noble", "scratch", "scratch:3.12", "oci:dir:name", FIXED]
)
def test_what_does_not_move_is_resolved_as_it_is(base: str) -> None:
    """Also where a pin has the same name: a digest in the settings is the user's own word."""
    assert pinned(base, [PYTHON]) == base
    assert moving_tag(base) is None


@pytest.mark.parametrize(
    ("base", "written"),
    [
        ("python", "python:latest"),
        ("docker.io/library/python:3.12-slim", "python:3.12-slim"),
        ("python:3.12-slim", "docker.io/library/python:3.12-slim"),
    ],
)
def test_a_pin_is_found_however_the_name_is_written(base: str, written: str) -> None:
    pin = BasePin(reference=written, digest=ONE)

    assert find_pin(base, [pin]) == pin
    assert stale_pins(base, [pin]) == ""


def test_a_pin_of_another_base_is_no_pin_and_is_warned_of() -> None:
    assert pinned("python:3.13", [PYTHON]) == "python:3.13"
    assert stale_pins("python:3.13", [PYTHON]) == (
        "lamina.lock.toml pins python:3.12-slim, and the base is python:3.13: "
        "the base changed, so run `lamina lock`"
    )
    assert stale_pins("python:3.13", []) == ""


def test_a_name_that_no_base_can_have_is_an_error_with_the_ways_to_write_one() -> None:
    with pytest.raises(UsageError, match="'Not A Name' is not a base") as caught:
        registry_reference("Not A Name")

    assert "debian:SUITE" in str(caught.value.hint)


def test_the_text_is_the_same_whatever_the_order() -> None:
    text = render_pins([OTHER, PYTHON])

    assert text == render_pins([PYTHON, OTHER])
    assert text.startswith("# Written by `lamina lock`")
    assert text.endswith(
        f'\nversion = 1\n\n[base."python:3.12-slim"]\ndigest = "{ONE}"\n'
        f'\n[base."registry.example.com/bases/python:3"]\ndigest = "{TWO}"\n'
    )
    assert parse_pins(tomllib.loads(text), where=FILE) == (PYTHON, OTHER)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version = 1\nextra = 1", "'extra' is not known"),
        ("version = 1\nbase = 1", "expected a table that holds a digest, and nothing else"),
        ('version = 1\nbase."python" = 1', "expected a table that holds a digest"),
        ('version = 1\n[base."python:3"]', "expected a table that holds a digest"),
        ('version = 1\n[base."python:3"]\ndigest = 1', "is not a SHA-256 digest"),
        ('version = 1\n[base."python:3"]\ndigest = "sha256:../../x"', "is not a SHA-256 digest"),
        (f'version = 1\n[base."python:3"]\ndigest = "{ONE}"\nx = 1', "and nothing else"),
        (f'version = 1\n[base."No Name"]\ndigest = "{ONE}"', "'No Name' is not a base"),
        (f'version = 1\n[base."debian:bookworm"]\ndigest = "{ONE}"', "not the tag of an image"),
        (f'version = 1\n[base."{FIXED}"]\ndigest = "{ONE}"', "not the tag of an image"),
        (
            f'version = 1\nbase."python".digest = "{ONE}"\nbase."python:latest".digest = "{TWO}"',
            "the same image is pinned above",
        ),
    ],
)
def test_a_file_that_somebody_broke_is_refused_with_its_problem(text: str, problem: str) -> None:
    with pytest.raises(ProjectError) as caught:
        parse_pins(tomllib.loads(text), where=FILE)

    (found,) = caught.value.problems
    assert problem in found
    assert caught.value.where == FILE
    assert "run `lamina lock`" in str(caught.value.hint)


@pytest.mark.parametrize("version", ["2", "true", "1.5", '"1"'])
def test_a_file_of_another_version_is_refused(version: str) -> None:
    with pytest.raises(ProjectError, match="this Lamina knows 1"):
        parse_pins(tomllib.loads(f"version = {version}"), where=FILE)


def test_the_pins_belong_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "pylock.toml").write_text("")
    (tmp_path / FILE).write_text(render_pins([PYTHON]))

    assert read_project(tmp_path).base_pins == (PYTHON,)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"\xff"),
        lambda path: path.write_text("[base"),
        lambda path: path.mkdir(),
        lambda path: path.write_text("x = " + "9" * 5000),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'app'\n")
    make(tmp_path / FILE)

    with pytest.raises(ProjectError) as caught:
        read_project(tmp_path)

    assert FILE in str(caught.value.where)
