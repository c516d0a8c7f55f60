"""A project's lock as what pip reads."""

from pathlib import Path

import pytest

from lamina.errors import LockError
from lamina.project.project import Project
from lamina.project.settings import Settings
from lamina.scaffold.requirements import of_pylock, requirements_text

_A, _B = "a" * 64, "b" * 64
_PYLOCK = f"""\
lock-version = "1.0"
[[packages]]
name = "idna"
version = "3.10"
marker = "python_version >= '3.8'"
wheels = [{{ name = "idna-3.10-py3-none-any.whl", hashes = {{ sha256 = "{_B}" }} }}]
[packages.sdist]
name = "idna-3.10.tar.gz"
hashes = {{ sha256 = "{_A}" }}
[[packages]]
name = "own"
directory = {{ path = "." }}
"""


def test_a_pylock_becomes_lines_with_hashes_and_markers() -> None:
    assert of_pylock(_PYLOCK, name="pylock.toml") == (
        f"idna==3.10 ; python_version >= '3.8' \\\n    --hash=sha256:{_A} \\\n"
        f"    --hash=sha256:{_B}\n"
    )


def test_a_requirements_file_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    path.write_text("idna==3.10\n")
    settings = Settings(requirements="requirements.lock")
    project = Project(directory=tmp_path, name="x", requirements=path, settings=settings)

    assert requirements_text(project, python="3.11") == "idna==3.10\n"


def test_without_a_lock_it_is_what_the_project_lists(tmp_path: Path) -> None:
    project = Project(directory=tmp_path, name="x", dependencies=("idna>=3", "rich"))

    assert requirements_text(project, python="3.11") == "idna>=3\nrich\n"


def test_poetrys_lock_is_read_for_linux(tmp_path: Path) -> None:
    path = tmp_path / "poetry.lock"
    path.write_text(
        "[[package]]\n"
        'name = "idna"\nversion = "3.10"\noptional = false\npython-versions = ">=3.6"\n'
        'groups = ["main"]\n'
        f'files = [{{ file = "idna-3.10-py3-none-any.whl", hash = "sha256:{_A}" }}]\n'
        '[metadata]\nlock-version = "2.1"\npython-versions = "^3.11"\ncontent-hash = "x"\n'
    )
    project = Project(directory=tmp_path, name="x", requirements=path)

    assert requirements_text(project, python="3.11") == f"idna==3.10 --hash=sha256:{_A}\n"


@pytest.mark.parametrize("text", ["{", "packages = 1", "packages = [1]"])
def test_a_lock_that_is_malformed_is_named(text: str) -> None:
    with pytest.raises(LockError, match="pylock"):
        of_pylock(text, name="pylock.toml")
