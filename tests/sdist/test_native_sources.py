"""An sdist says by the names of its files whether a compiler may have a part in its wheel."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.errors import ArchiveError
from lamina.sdist.build import Order
from lamina.sdist.native_sources import has_native_sources


def found(make_sdist: Callable[..., Order], folder: Path, path: str) -> set[bool]:
    """Look into a tar and into a zip with a file of this name."""
    order = make_sdist(more={path: ""})
    packed = folder / "toy-1.0.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"toy-1.0/{path}", "")
    return {has_native_sources(one, name=one.name) for one in (order.path, packed)}


@pytest.mark.parametrize("path", ["toy/fast.c", "toy/fast.PYX", "src/lib.rs", "toy/x.cpp"])
def test_sources_of_compiled_languages_are_known_by_their_suffix(
    make_sdist: Callable[..., Order], tmp_path: Path, path: str
) -> None:
    assert found(make_sdist, tmp_path, path) == {True}


@pytest.mark.parametrize("path", ["toy/slow.py", "toy/data.c.txt", "c/README"])
def test_other_files_need_no_compiler(
    make_sdist: Callable[..., Order], tmp_path: Path, path: str
) -> None:
    assert found(make_sdist, tmp_path, path) == {False}


@pytest.mark.parametrize("name", ["toy-1.0.tar.gz", "toy-1.0.zip"])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no archive")

    with pytest.raises(ArchiveError):
        has_native_sources(tmp_path / name, name=name)
