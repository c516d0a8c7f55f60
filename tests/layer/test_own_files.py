"""What is in the project's own wheel is called by the files that it was made of."""

from pathlib import Path

from lamina.layer.own_files import own_files
from lamina.oci.digest import Digest
from lamina.testing.wheels import ToyWheel

_FILES = {"app/__init__.py": b"", "app/x.py": b"x = 1\n", "app/_version.py": b"v = 1\n"}


def _rows(folder: Path, sources: dict[str, bytes], wheel: ToyWheel | None = None) -> dict[str, str]:
    for name, data in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    made = wheel or ToyWheel(files=_FILES, executables=("app/x.py",))
    path = made.write(folder / "wheels")
    return own_files(path, folder, [folder / name for name in sources])


def test_a_file_has_the_path_of_the_source_that_it_is_a_copy_of(tmp_path: Path) -> None:
    """What the backend wrote itself has its path in the wheel, and RECORD says nothing new."""
    found = _rows(tmp_path, {"src/app/__init__.py": b"", "src/app/x.py": b"x = 1\n"})

    digest = Digest.of(b"x = 1\n").hex[:12]
    assert found["src/app/x.py"] == f"755 6 {digest}"
    assert sorted(found) == [
        "app/_version.py", "src/app/__init__.py", "src/app/x.py",
        "toy-1.0.dist-info/METADATA", "toy-1.0.dist-info/WHEEL",
    ]  # fmt: skip


def test_a_file_that_ends_alike_and_has_other_bytes_is_not_its_source(tmp_path: Path) -> None:
    found = _rows(tmp_path, {"app/x.py": b"y = 2\n", "tests/data/app/x.py": b"x = 1\n"})

    assert "tests/data/app/x.py" in found
    assert "app/x.py" not in found


def test_of_equal_files_the_nearest_one_is_the_source(tmp_path: Path) -> None:
    found = _rows(tmp_path, {"copies/src/app/x.py": b"x = 1\n", "src/app/x.py": b"x = 1\n"})

    assert "src/app/x.py" in found
    assert "copies/src/app/x.py" not in found


def test_what_is_no_wheel_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"PK no zip")

    assert own_files(tmp_path / "a.whl", tmp_path, []) == {}
    assert own_files(tmp_path / "b.whl", tmp_path, []) == {}
