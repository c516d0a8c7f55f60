"""What `lamina lock` found out is written down beside the project, and read back strictly."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.oci.digest import Digest
from lamina.project.base_pin import FILE, BasePin
from lamina.project.lock_file import LockFile, parse_lock_file, render_lock_file
from lamina.project.read import read_project

ONE, TWO = Digest.of(b"one"), Digest.of(b"two")
PYTHON = BasePin(reference="python:3.12-slim", digest=ONE)
OTHER = BasePin(reference="registry.example.com/bases/python:3", digest=TWO)
FIXED = f"python:3.12-slim@{TWO}"


def test_the_text_is_the_same_whatever_the_order() -> None:
    text = render_lock_file(LockFile(base_pins=(OTHER, PYTHON)))

    assert text == render_lock_file(LockFile(base_pins=(PYTHON, OTHER)))
    assert text.startswith("# Written by `lamina lock`")
    assert text.endswith(
        f'\nversion = 1\n\n[base."python:3.12-slim"]\ndigest = "{ONE}"\n'
        f'\n[base."registry.example.com/bases/python:3"]\ndigest = "{TWO}"\n'
    )
    assert parse_lock_file(tomllib.loads(text), where=FILE).base_pins == (PYTHON, OTHER)


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
        parse_lock_file(tomllib.loads(text), where=FILE)

    (found,) = caught.value.problems
    assert problem in found
    assert caught.value.where == FILE
    assert "run `lamina lock`" in str(caught.value.hint)


@pytest.mark.parametrize("version", ["2", "true", "1.5", '"1"'])
def test_a_file_of_another_version_is_refused(version: str) -> None:
    with pytest.raises(ProjectError, match="this Lamina knows 1"):
        parse_lock_file(tomllib.loads(f"version = {version}"), where=FILE)


def test_layers_are_read_back_as_they_were_written() -> None:
    written = LockFile(base_pins=(PYTHON,), layers=(("torch",), ("boto3", "botocore")))

    text = render_lock_file(written)

    assert text.endswith('\n[layers]\nwheels = [\n  ["torch"],\n  ["boto3", "botocore"],\n]\n')
    assert parse_lock_file(tomllib.loads(text), where=FILE) == written


def test_layers_need_no_pinned_base() -> None:
    written = LockFile(layers=(("torch",),))

    assert parse_lock_file(tomllib.loads(render_lock_file(written)), where=FILE) == written


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("layers = 1", "expected a table that holds lists of wheels, and nothing else"),
        ("[layers]", "expected a table that holds lists of wheels"),
        ("[layers]\nwheels = []\nmore = 1", "and nothing else"),
        ("[layers]\nwheels = 'a'", "expected a table that holds lists"),
        ("[layers]\nwheels = ['a']", "wheels[0]: expected a list of names"),
        ("[layers]\nwheels = [['a'], []]", "wheels[1]: expected a list of names"),
        ("[layers]\nwheels = [[1]]", "'1' is not a normalized name"),
        ("[layers]\nwheels = [['Py_YAML']]", "'Py_YAML' is not a normalized name"),
        ("[layers]\nwheels = [['a', 'b'], ['a']]", "a is in two places"),
        (f"[layers]\nwheels = {[[f'w{n}'] for n in range(81)]}", "81 layers, and 80 are the most"),
    ],
)
def test_layers_that_somebody_broke_are_refused_with_their_problem(
    table: str, problem: str
) -> None:
    with pytest.raises(ProjectError) as caught:
        parse_lock_file(tomllib.loads(f"version = 1\n{table}"), where=FILE)

    (found,) = caught.value.problems
    assert problem in found
    assert found.startswith("layers")


def test_what_was_written_belongs_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "pylock.toml").write_text("")
    (tmp_path / FILE).write_text(render_lock_file(LockFile(base_pins=(PYTHON,), layers=(("a",),))))

    project = read_project(tmp_path)

    assert (project.base_pins, project.layers) == ((PYTHON,), (("a",),))


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
