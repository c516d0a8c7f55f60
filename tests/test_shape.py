"""The shape of the code: what every module owes its reader."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "lamina"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.parent.name != "__pycache__")
WHERE = ROOT / "docs" / "where.md"

VAGUE = {"util", "utils", "helper", "helpers", "common", "manager", "misc", "base_classes"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
_SENTENCE = re.compile(r"[^\n]+[.:]")
_PLACES = re.compile(r"pypi\.org|pythonhosted|/root/\.pyenv")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _tree(path: Path) -> ast.Module:
    return ast.parse(_text(path))


def test_a_module_opens_with_a_sentence_on_one_line() -> None:
    first_lines = {
        _name(path): (ast.get_docstring(_tree(path)) or "").split("\n\n")[0] for path in MODULES
    }

    wrong = {name: text for name, text in first_lines.items() if not _SENTENCE.fullmatch(text)}

    assert wrong == {}


def test_a_module_is_named_for_what_it_holds() -> None:
    vague = [p for p in MODULES if VAGUE & set(p.relative_to(SOURCE).with_suffix("").parts)]

    assert vague == []


def test_a_file_is_not_longer_than_a_reader_bears() -> None:
    lengths = {_name(path): len(_text(path).splitlines()) for path in MODULES}

    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_a_function_fits_on_a_screen() -> None:
    lengths = {
        f"{_name(path)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def test_no_module_names_a_package_index_or_a_place_of_one_machine() -> None:
    """Which index packages come from is the user's to say."""
    assert [_name(path) for path in MODULES if _PLACES.search(_text(path))] == []


def test_every_path_in_where_exists() -> None:
    if not WHERE.exists():
        pytest.skip("docs/where.md is not written yet")

    codes = re.findall(r"`([\w./-]+/[\w./-]*)`", WHERE.read_text(encoding="utf-8"))

    assert codes
    assert [code for code in codes if not (ROOT / code).exists()] == []


def test_tests_stand_where_what_they_test_stands() -> None:
    """A folder of tests is named for a package, or for a kind of test."""
    kinds = {"docs", "faults", "goldens", "interop", "laws", "support"}
    packages = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}

    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}

    assert folders - kinds - packages - {"__pycache__"} == set()
