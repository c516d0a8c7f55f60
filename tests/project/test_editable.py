"""The project's wheel for a dev image: all of it but its modules."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.project.editable import editable_wheel
from lamina.testing.wheels import ToyWheel

WHEEL = ToyWheel(
    files={"toy/__init__.py": b"", "toy/app.py": b"def main(): pass\n"},
    entry_points="[console_scripts]\ntoy = toy.app:main\n",
)


def rewritten(wheel: ToyWheel, project: Path, *, mounted_at: str = "/app") -> dict[str, bytes]:
    path = wheel.write(project / "dist")
    with path.open("rb") as file:
        data = editable_wheel(file, project, mounted_at=mounted_at, name="toy")
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("root", "line"),
    [("src", "/app/src"), ("", "/app"), ("lib", "/app/lib"), ("python", "/app/python")],
)
def test_modules_are_found_where_the_sources_keep_them(
    tmp_path: Path, root: str, line: str
) -> None:
    (tmp_path / root / "toy").mkdir(parents=True)

    found = rewritten(WHEEL, tmp_path)

    assert found["__editable__.toy.pth"].decode() == f"{line}\n"
    assert not [name for name in found if name.startswith("toy/")]


def test_commands_and_metadata_stay(tmp_path: Path) -> None:
    (tmp_path / "src/toy").mkdir(parents=True)

    found = rewritten(WHEEL, tmp_path)

    assert b"toy = toy.app:main" in found["toy-1.0.dist-info/entry_points.txt"]
    assert b"Name: toy" in found["toy-1.0.dist-info/METADATA"]
    assert b"__editable__.toy.pth,sha256=" in found["toy-1.0.dist-info/RECORD"]


def test_an_edit_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "src/toy").mkdir(parents=True)
    edited = ToyWheel(
        files={**WHEEL.files, "toy/app.py": b"def main(): print(1)\n"},
        entry_points=WHEEL.entry_points,
    )

    assert rewritten(WHEEL, tmp_path) == rewritten(edited, tmp_path)


def test_sources_at_the_root_of_the_image_are_found_as_well(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()

    found = rewritten(WHEEL, tmp_path, mounted_at="/")

    assert found["__editable__.toy.pth"] == b"/\n"


def test_a_compiled_module_is_refused(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    wheel = ToyWheel(files={"toy/fast.so": b"\x7fELF"})

    with pytest.raises(ProjectError, match=r"toy/fast\.so is compiled"):
        rewritten(wheel, tmp_path)


def test_a_package_that_is_kept_elsewhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="toy is in the project's wheel"):
        rewritten(WHEEL, tmp_path)
