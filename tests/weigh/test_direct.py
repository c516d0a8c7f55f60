"""The direct dependencies are those that `lamina lock` would lock."""

from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.project.read import read_project
from lamina.weigh.direct import Direct, find_direct

PINNED = f"numpy==1.0 --hash=sha256:{'0' * 64}\n"


def found(folder: Path, **files: str) -> Direct:
    for name, text in files.items():
        names = {"pyproject": "pyproject.toml", "source": "requirements.in"}
        (folder / names.get(name, "requirements.txt")).write_text(text)
    return find_direct(read_project(folder))


def test_requirements_in_comes_first(tmp_path: Path) -> None:
    direct = found(
        tmp_path,
        source="--extra-index-url http://127.0.0.1/simple\n-c limits\nPandas[excel]>=2  # yes\n",
        pyproject='[project]\nname = "a"\ndependencies = ["numpy"]\n',
        lock=PINNED,
    )

    assert direct.names == {"pandas"}
    assert direct.options == ("--extra-index-url http://127.0.0.1/simple",)
    assert direct.path == tmp_path / "requirements.in"


def test_then_pyproject(tmp_path: Path) -> None:
    direct = found(
        tmp_path, pyproject='[project]\nname = "a"\ndependencies = ["numpy"]\n', lock=PINNED
    )

    assert direct.names == {"numpy"}
    assert direct.path == tmp_path / "pyproject.toml"


def test_then_requirements_that_are_not_a_lock(tmp_path: Path) -> None:
    direct = found(tmp_path, lock="numpy<2\npandas\n")

    assert direct.names == {"numpy", "pandas"}
    assert direct.path == tmp_path / "requirements.txt"


def test_a_lock_alone_does_not_say(tmp_path: Path) -> None:
    assert found(tmp_path, lock=PINNED) == Direct(requirements=(), path=None)


def test_files_that_a_list_names_belong_to_it(tmp_path: Path) -> None:
    """As uv reads them: from the folder of the file that names them, and each once."""
    more = tmp_path / "more"
    more.mkdir()
    (more / "web.in").write_text("flask  # yes\n--requirement=../base.in\n-r web.in\n")
    (tmp_path / "base.in").write_text("--extra-index-url http://127.0.0.1/simple\nNumPy\n")

    direct = found(tmp_path, source="-r more/web.in # and\n-r base.in\npandas\n")

    assert direct.names == {"flask", "numpy", "pandas"}
    assert [path.name for path in direct.paths] == ["requirements.in", "web.in", "base.in"]
    assert direct.options == ("--extra-index-url http://127.0.0.1/simple",)


@pytest.mark.parametrize("name", ["nothing.in", "https://me:secret@lists.example/a.in"])
def test_a_list_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError) as error:
        found(tmp_path, source=f"-r {name}\n")

    assert "a.in" in str(error.value.where) or "nothing.in" in str(error.value.where)
    assert "secret" not in str(error.value.where)
