"""uv exports exactly the text that was read, whatever uv.lock is there now."""

from pathlib import Path

import pytest

from lamina.lock.pins import Choice
from lamina.lock.uv import Uv
from lamina.lock.uv_export import export_text

_MEMBERS = '[tool.uv.workspace]\nmembers = ["packages/*"]\n'


def uv(folder: Path, script: str) -> Uv:
    """Make a uv that runs ``script`` in the folder that it is started in."""
    program = folder / "uv"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Uv(program=str(program), environment={"PATH": "/usr/bin:/bin"})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "packages/core").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_MEMBERS)
    (folder / "packages/core/pyproject.toml").write_text("# core\n")
    (folder / "uv.lock").write_text("now\n")
    return folder


def exported(text: str, folder: Path, program: Uv) -> str:
    return export_text(text, folder, Choice(), program).strip()


def test_the_projects_own_lock_is_exported_where_it_is(root: Path) -> None:
    assert exported("now\n", root, uv(root, "pwd")) == str(root)


def test_another_text_is_exported_from_a_copy_with_the_members(root: Path) -> None:
    program = uv(root, "cat uv.lock pyproject.toml packages/core/pyproject.toml")

    assert exported("then\n", root, program) == f"then\n{_MEMBERS}# core"


def test_a_member_is_exported_with_the_lock_of_its_workspace(root: Path) -> None:
    """A lock beside the member is none that uv would read."""
    (root / "packages/core/uv.lock").write_text("then\n")
    program = uv(root, "cat ../../uv.lock")

    assert exported("then\n", root / "packages/core", program) == "then"


def test_a_lock_that_changes_while_uv_reads_it_is_read_again_from_the_copy(root: Path) -> None:
    (root / "here").touch()
    program = uv(
        root, f"cat uv.lock; echo other > {root}/uv.lock; test -e here && echo here || true"
    )

    assert exported("now\n", root, program) == "now"


def test_files_of_the_copy_are_those_of_the_project(root: Path) -> None:
    """Those that the lock has no hash of are read by uv, which writes their addresses."""
    (root.parent / "wheels").mkdir()
    (root.parent / "wheels/toy.whl").write_text("a wheel\n")
    lock = (
        '[[package]]\nname = "toy"\nsource = { registry = "../wheels" }\n'
        'wheels = [{ path = "toy.whl" }]\n'
    )
    program = uv(root, "cat ../wheels/toy.whl; echo file://$(cd ..; pwd)/wheels/toy.whl")

    found = exported(lock, root, program)

    assert found == f"a wheel\nfile://{root.parent}/wheels/toy.whl"


def test_what_is_no_lock_is_for_uv_to_refuse(root: Path) -> None:
    assert exported("[[package]]\nwheels = 1\n", root, uv(root, "echo seen")) == "seen"
