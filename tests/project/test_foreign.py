"""Projects that say what they are in the tables of Poetry, PDM, Pipenv and uv."""

from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.project.project import Project
from lamina.project.read import read_project

POETRY = """\
[tool.poetry]
name = "Shop_App"
version = "1.2"

[tool.poetry.dependencies]
python = "^3.11"
idna = "^3"

[tool.poetry.extras]
ui = ["idna"]

[tool.poetry.group.train.dependencies]
six = "*"

[tool.poetry.scripts]
shop = "shop:main"

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""


def read(folder: Path, text: str, *files: str) -> Project:
    (folder / "pyproject.toml").write_text(text)
    for name in files:
        (folder / name).write_text("")
    return read_project(folder)


def test_a_poetry_project_has_a_name_a_version_scripts_and_a_wheel(tmp_path: Path) -> None:
    found = read(tmp_path, POETRY, "poetry.lock")

    assert (found.name, found.version) == ("shop-app", "1.2")
    assert found.scripts == {"shop": "shop:main"}
    assert found.is_distributable


@pytest.mark.parametrize(
    "text",
    [
        POETRY.replace('version = "1.2"', 'version = "1.2"\npackage-mode = false'),
        '[project]\nname = "a"\n[build-system]\nrequires = []\n[tool.uv]\npackage = false\n',
        '[project]\nname = "a"\n[build-system]\nrequires = []\n[tool.pdm]\ndistribution = false\n',
    ],
)
def test_a_project_that_is_no_package_is_not_built_into_one(tmp_path: Path, text: str) -> None:
    assert not read(tmp_path, text, "poetry.lock").is_distributable


def test_extras_and_groups_of_poetry_may_be_chosen(tmp_path: Path) -> None:
    text = f'{POETRY}[tool.lamina]\nextras = ["ui"]\ngroups = ["train"]\n'

    assert read(tmp_path, text, "poetry.lock").dependencies == ()
    with pytest.raises(ProjectError) as caught:
        read(tmp_path, text.replace('"train"', '"trian"'))
    assert "there is no group 'trian'" in caught.value.problems[0]


def test_categories_of_a_pipfile_may_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "Pipfile").write_text("[packages]\n[dev-packages]\n[train]\n")
    text = '[tool.lamina]\ngroups = ["train", "dev"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    (tmp_path / "Pipfile.lock").write_text("{}")

    assert read_project(tmp_path).settings.groups == ("train", "dev")


def test_dependencies_in_poetrys_notation_are_not_left_out_in_silence(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"there is no poetry\.lock"):
        read(tmp_path, POETRY)
    assert read_project(tmp_path, needs_lock=False).name == "shop-app"


@pytest.mark.parametrize(
    ("text", "is_versioned"),
    [
        ('[build-system]\nrequires = ["setuptools>=64", "setuptools_scm[toml]>=8"]\n', True),
        ('[build-system]\nrequires = ["hatchling", "hatch-vcs"]\n', True),
        ('[tool.pdm.version]\nsource = "scm"\n', True),
        ('[build-system]\nrequires = ["setuptools"]\n', False),
        ('[project]\nname = "a"\nversion = "1"\n[build-system]\nrequires = ["hatch-vcs"]\n', False),
        ("[build-system]\nrequires = 3\n", False),
    ],
)
def test_who_takes_versions_from_tags_is_known(
    tmp_path: Path,
    text: str,
    is_versioned: bool,  # noqa: FBT001 - a parameter of the cases
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    assert read_project(tmp_path).is_versioned_by_tags == is_versioned
