"""What an sdist needs is read from its pyproject.toml without running it."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.errors import ArchiveError
from lamina.sdist.build import Order
from lamina.sdist.build_system import BuildSystem, read_build_system

MakeSdist = Callable[..., Order]
TABLE = '[build-system]\nrequires = ["hatchling>=1"]\nbuild-backend = "hatchling.build"\n'
HATCH = BuildSystem(requires=("hatchling>=1",), backend="hatchling.build")


def read(order: Order) -> BuildSystem:
    return read_build_system(order.path, name=order.filename)


def test_backend_and_requirements_are_read(make_sdist: MakeSdist) -> None:
    nested = {"a/pyproject.toml": "nonsense", "pyproject.toml": TABLE}

    assert read(make_sdist(files=nested)) == HATCH


@pytest.mark.parametrize("files", [{"setup.py": ""}, {"pyproject.toml": "[tool.black]\n"}])
def test_a_bare_setup_py_is_built_by_setuptools(
    make_sdist: MakeSdist, files: dict[str, str]
) -> None:
    assert read(make_sdist(files=files)).backend == "setuptools.build_meta:__legacy__"


def test_a_zip_is_an_sdist_too(tmp_path: Path) -> None:
    path = tmp_path / "toy-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("toy-1.0/pyproject.toml", TABLE)

    assert read_build_system(path, name=path.name) == HATCH


@pytest.mark.parametrize(
    "text",
    [
        "[build-system",
        "[build-system]\n",
        "[build-system]\nrequires = 'setuptools'\n",
        "[build-system]\nrequires = [1]\n",
        "[build-system]\nrequires = []\nbuild-backend = 3\n",
        "build-system = 1\n",
    ],
)
def test_a_malformed_table_is_refused(make_sdist: MakeSdist, text: str) -> None:
    with pytest.raises(ArchiveError, match="malformed"):
        read(make_sdist(files={"pyproject.toml": text}))


@pytest.mark.parametrize("name", ["toy-1.0.tar.gz", "toy-1.0.zip"])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"<html>not found</html>")

    with pytest.raises(ArchiveError, match="the sdist"):
        read_build_system(tmp_path / name, name=name)
