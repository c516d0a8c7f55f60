"""Programs that a wheel asks for."""

import subprocess
import sys
from pathlib import Path

import pytest

from lamina.errors import ArchiveError
from lamina.layer.scripts import Script, read_entry_points, rewrite_shebang

INTERPRETER = "/opt/venv/bin/python"


def read(text: str) -> list[tuple[str, str, str]]:
    found = read_entry_points(text, where="toy.whl")
    return [(script.name, script.module, script.attribute) for script in found]


def test_console_and_gui_scripts_are_read_and_other_groups_are_not() -> None:
    text = "[console_scripts]\na = m:f\n[gui_scripts]\nb = m.n:o.p\n[pytest11]\nc = m\n"

    assert read(text) == [("a", "m", "f"), ("b", "m.n", "o.p")]


def test_extras_spaces_comments_and_case_are_understood() -> None:
    text = "# hello\n[console_scripts]\n Run-It.2=pkg.cli : main [extra1, extra2]\n; bye\n"

    assert read(text) == [("Run-It.2", "pkg.cli", "main")]


def test_a_name_in_both_groups_for_one_object_is_one_program() -> None:
    assert read("[console_scripts]\na = m:f\n[gui_scripts]\na = m:f\n") == [("a", "m", "f")]


def test_a_name_for_two_objects_is_refused() -> None:
    with pytest.raises(ArchiveError, match="two programs"):
        read("[console_scripts]\na = m:f\n[gui_scripts]\na = m:g\n")


def test_no_scripts_are_no_problem() -> None:
    assert read("") == []
    assert read("[console_scripts]\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "../a = m:f", "a/b = m:f", ". = m:f", ".. = m:f", "-a = m:f", "a b = m:f", "a\\b = m:f",
        "a = m", "a = m:", "a = :f", "a = m:f;x", "a = m:f()", "a = m-n:f", "a = m:f\n  g", "a",
        "a = 1m:f", "\u00fc = m:f", "= m:f",
    ],
)  # fmt: skip
def test_what_is_no_plain_script_is_refused(line: str) -> None:
    with pytest.raises(ArchiveError, match="entry") as caught:
        read(f"[console_scripts]\n{line}\n")

    assert caught.value.where == "toy.whl"


def test_a_script_runs_the_object_and_exits_with_its_result(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("class o:\n    @staticmethod\n    def f():\n        return 7\n")
    program = tmp_path / "run"
    program.write_bytes(Script("run", "m", "o.f").render(sys.executable))
    program.chmod(0o755)

    done = subprocess.run([program], env={"PYTHONPATH": str(tmp_path)}, check=False)

    assert done.returncode == 7
    assert program.read_text().startswith(f"#!{sys.executable}\nimport sys\nfrom m import o\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"#!python\nprint()\n", b"#!/opt/venv/bin/python\nprint()\n"),
        (b"#!pythonw\r\nx\r\n", b"#!/opt/venv/bin/python\nx\r\n"),
        (b"#!python -u\r\n", b"#!/opt/venv/bin/python -u\n"),
        (b"#!python\r", b"#!/opt/venv/bin/python"),
        (b"#!python -u\nx", b"#!/opt/venv/bin/python -u\nx"),
        (b"#!python3.9 -u\nx", b"#!/opt/venv/bin/python -u\nx"),
        (b"#!python", b"#!/opt/venv/bin/python"),
        (b"#!/usr/bin/env python\nx", b"#!/usr/bin/env python\nx"),
        (b"#!/bin/sh\n#!python\n", b"#!/bin/sh\n#!python\n"),
        (b"\x7fELF#!python\n", b"\x7fELF#!python\n"),
        (b"", b""),
    ],
)
def test_only_a_first_line_for_any_python_is_rewritten(before: bytes, after: bytes) -> None:
    assert rewrite_shebang(before, INTERPRETER) == after


def test_a_first_line_longer_than_the_kernel_reads_is_refused() -> None:
    with pytest.raises(ArchiveError, match="too long"):
        rewrite_shebang(b"#!python\n", "/" + "d" * 130)
