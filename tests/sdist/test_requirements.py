"""What a build needs is fetched as wheels, with the sandbox's Python in its scripts."""

from pathlib import Path

import pytest

from lamina.errors import LockError
from lamina.sdist.requirements import Installer, install


def installer(tmp_path: Path, script: str) -> Installer:
    """Make a uv that notes its arguments and then runs ``script``."""
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n{script}\n')
    uv.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin"}
    return Installer(program=str(uv), environment=environment, python="3.11", platform="x")


def test_only_wheels_for_the_images_python_are_asked_for(tmp_path: Path) -> None:
    uv = installer(tmp_path, 'echo " + setuptools==80.9.0" >&2')

    chosen = install(["setuptools"], tmp_path / "t", uv, interpreter="/usr/bin/python3", name="x")

    asked = (tmp_path / "asked").read_text()
    assert chosen == ("setuptools==80.9.0",)
    assert "--only-binary :all:" in asked
    assert "--python-version 3.11" in asked
    assert asked.endswith("-- setuptools\n")


def test_scripts_start_with_the_sandboxs_python(tmp_path: Path) -> None:
    target = tmp_path / "t"
    (target / "bin").mkdir(parents=True)
    (target / "bin/cython").write_bytes(b"#!/root/venv/bin/python3.11\nimport x\n")
    (target / "bin/ninja").write_bytes(b"\x7fELF binary\n")

    install(["x"], target, installer(tmp_path, ""), interpreter="/usr/bin/python3.11", name="x")

    assert (target / "bin/cython").read_bytes() == b"#!/usr/bin/python3.11\nimport x\n"
    assert (target / "bin/ninja").read_bytes() == b"\x7fELF binary\n"


def test_nothing_wanted_asks_nobody(tmp_path: Path) -> None:
    uv = Installer(program="/nothing/uv", environment={}, python="3.11", platform="x")

    assert install([], tmp_path / "t", uv, interpreter="/p", name="x") == ()
    assert (tmp_path / "t").is_dir()


def test_requirements_without_wheels_are_an_error_with_uvs_words(tmp_path: Path) -> None:
    uv = installer(tmp_path, 'echo "no wheels with a matching tag" >&2; exit 1')

    with pytest.raises(LockError) as caught:
        install(["old"], tmp_path / "t", uv, interpreter="/p", name="toy-1.0.tar.gz")

    assert caught.value.where == "old"
    assert caught.value.why == "no wheels with a matching tag"
