"""What of a folder is looked at."""

from pathlib import Path

import pytest

from lamina.project.detect.snapshot import Snapshot, take_snapshot


def test_sources_and_lists_are_read_and_the_rest_counts_by_name(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("x = 1\n")
    (tmp_path / "model.bin").write_bytes(b"\0")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/other.py").write_text("")

    found = take_snapshot(tmp_path)

    assert found.paths == {"main.py", "model.bin"}
    assert found.texts == {"main.py": "x = 1\n"}


@pytest.mark.parametrize("mark", ["init`, 0123456789abcdef: x", "dockerfile`; x"])
def test_what_lamina_wrote_is_no_evidence(mark: str, tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/Dockerfile").write_text(f"# Written by `lamina {mark}\nEXPOSE 9000\n")

    assert take_snapshot(tmp_path).texts == {}


def test_a_virtual_environment_is_no_part_of_it_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "env/lib/idna").mkdir(parents=True)
    (tmp_path / "env/pyvenv.cfg").write_text("home = /usr/bin\n")
    (tmp_path / "env/lib/idna/__init__.py").write_text("")
    (tmp_path / "main.py").write_text("")

    assert take_snapshot(tmp_path).paths == {"main.py"}


def test_a_text_that_is_not_utf_8_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_bytes(b"# \xff\n")

    assert take_snapshot(tmp_path).texts == {}


def test_tests_documents_and_tools_are_no_part_of_the_program() -> None:
    names = ["app.py", "src/shop/__init__.py", "tests/a.py", "docs/conf.py", "setup.py",
             "shop/test_x.py", "noxfile.py", "scripts/run.py"]  # fmt: skip

    found = Snapshot(name="x", texts=dict.fromkeys(names, ""))

    assert found.modules == ("app.py", "src/shop/__init__.py")
