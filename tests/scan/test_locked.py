"""A project's lock says what will be installed, for every platform and without asking anybody."""

from pathlib import Path

import pytest

from lamina.errors import LockError
from lamina.project.read import read_project
from lamina.scan.locked import locked_distributions

HASH = f"--hash=sha256:{'0' * 64}"


def found(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return [str(one) for one in locked_distributions(read_project(folder))]


def test_a_requirements_file_with_hashes(tmp_path: Path) -> None:
    text = f"Jinja2==2.11.2 {HASH}\nsix==1.17.0; sys_platform == 'win32' {HASH}\n"

    assert found(tmp_path, requirements_txt=text) == ["jinja2 2.11.2", "six 1.17.0"]


def test_a_pylock(tmp_path: Path) -> None:
    text = """
lock-version = "1.0"
[[packages]]
name = "Jinja2"
version = "2.11.2"
[[packages]]
name = "from-a-folder"
"""

    assert found(tmp_path, pylock_toml=text) == ["jinja2 2.11.2"]


def test_a_project_without_dependencies_has_none(tmp_path: Path) -> None:
    assert found(tmp_path, pyproject_toml="[project]\nname = 'toy'\n") == []


@pytest.mark.parametrize(
    "files",
    [
        {"requirements_txt": "six>=1\n"},
        {"requirements_txt": "six==1.17.0\n"},
        {"pyproject_toml": "[project]\nname = 'toy'\ndependencies = ['six']\n"},
        {"pylock_toml": "packages = 5\n"},
        {"pylock_toml": "packages = [5]\n"},
        {"pylock_toml": "packages = [\n"},
    ],
)
def test_what_is_not_pinned_cannot_be_looked_up(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(LockError):
        found(tmp_path, **files)
