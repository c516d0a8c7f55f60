"""A wheel on a diet: less goes in, RECORD stays true, and nothing is recompressed without need."""

import gzip
import sys
import zipfile
from pathlib import Path

import pytest

from lamina.bytecode.compiler import Compiler
from lamina.errors import IntegrityError
from lamina.project.diet_settings import Diet
from lamina.testing.wheels import ToyWheel
from tests.elf.test_strip import make
from tests.layer.test_wheel import INFO, assert_record_is_true
from tests.layer.test_wheel_bytecode import VENV as SAME_PYTHON
from tests.layer.test_wheel_bytecode import pyc
from tests.support.toys import SITE, files, installed, tree, write_layer

OBJECT = make(hole=0x8000)
WHEEL = ToyWheel(
    files={
        "toy/__init__.py": b"import toy.core\n",
        "toy/core.py": b"x = 1\n",
        "toy/core.pyi": b"x: int\n",
        "toy/fast.so": OBJECT,
        "toy/fast.c": b"int x;\n",
        "toy/tests/__init__.py": b"",
        "toy/tests/test_core.py": b"assert True\n",
        "toy-1.0.data/data/share/jupyter/nbextensions/toy/index.js": b"//\n",
    }
)
LEAN = Diet(tests=True, stubs=True, sources=True, notebooks=True)
LEFT_OUT = {
    f"{SITE}/toy/core.pyi",
    f"{SITE}/toy/fast.c",
    f"{SITE}/toy/tests/__init__.py",
    f"{SITE}/toy/tests/test_core.py",
    "opt/venv/share/jupyter/nbextensions/toy/index.js",
}


def test_a_diet_takes_its_files_and_nothing_else(tmp_path: Path) -> None:
    whole = installed(WHEEL, tmp_path)
    lean = installed(WHEEL, tmp_path, diet=LEAN)

    assert files(whole).keys() - files(lean).keys() == LEFT_OUT
    assert {p: d for p, d in files(lean).items() if p != f"{INFO}/RECORD"} == {
        p: d for p, d in files(whole).items() if p in files(lean) and p != f"{INFO}/RECORD"
    }


def test_record_lists_what_is_there_and_the_metadata_stays(tmp_path: Path) -> None:
    lean = installed(WHEEL, tmp_path, diet=LEAN)

    assert_record_is_true(lean)
    assert {f"{INFO}/METADATA", f"{INFO}/WHEEL", f"{INFO}/INSTALLER"} <= files(lean).keys()


def test_a_diet_that_is_off_changes_no_byte(tmp_path: Path) -> None:
    path = WHEEL.write(tmp_path)

    layers = [write_layer([(path, path.name)], diet=diet)[0] for diet in (None, Diet())]

    assert layers[0] == layers[1]


def test_what_is_left_out_is_not_read(tmp_path: Path) -> None:
    """Its bytes may be anything: the lock's hash vouches for the wheel, and they go nowhere."""
    wheel = ToyWheel(files=WHEEL.files, wrong_hashes=("toy/tests/test_core.py",))

    with pytest.raises(IntegrityError):
        installed(wheel, tmp_path)
    assert f"{SITE}/toy/core.py" in files(installed(wheel, tmp_path, diet=LEAN))


def test_an_object_loses_its_symbols_and_record_knows(tmp_path: Path) -> None:
    lean = installed(WHEEL, tmp_path, diet=Diet(debug_symbols=True))

    assert len(files(lean)[f"{SITE}/toy/fast.so"]) == len(OBJECT) - 0x8000 + 20
    assert_record_is_true(lean)


def test_the_hash_of_an_object_is_checked_before_it_is_stripped(tmp_path: Path) -> None:
    wheel = ToyWheel(files=WHEEL.files, wrong_hashes=("toy/fast.so",))

    with pytest.raises(IntegrityError, match="not the one that RECORD lists"):
        installed(wheel, tmp_path, diet=Diet(debug_symbols=True))


def test_an_object_that_the_wheel_stores_uncompressed_is_stripped_too(tmp_path: Path) -> None:
    wheel = ToyWheel(files=WHEEL.files, compression=zipfile.ZIP_STORED)

    lean = installed(wheel, tmp_path, diet=Diet(debug_symbols=True))

    assert lean == installed(WHEEL, tmp_path, diet=Diet(debug_symbols=True))


def test_only_an_object_with_symbols_is_compressed_again(tmp_path: Path) -> None:
    """All else is the wheel's own deflate stream, as without a diet."""
    path = WHEEL.write(tmp_path)
    with zipfile.ZipFile(path) as zip_:
        info = zip_.getinfo("toy/core.py")
        start = info.header_offset + 30 + len(info.filename)
    packed = path.read_bytes()[start : start + info.compress_size]

    blob, _, _ = write_layer([(path, path.name)], diet=Diet(debug_symbols=True, tests=True))

    assert packed in blob
    assert len(gzip.decompress(blob)) < len(gzip.decompress(write_layer([(path, path.name)])[0]))


def test_only_imported_modules_get_bytecode_where_that_is_asked_for(tmp_path: Path) -> None:
    compile_sources = Compiler(SAME_PYTHON.python, sys.executable, workers=1)

    found = installed(
        WHEEL,
        tmp_path,
        venv=SAME_PYTHON,
        compile_sources=compile_sources,
        imported=frozenset({"toy", "toy.fast", "other"}),
    )

    assert {path for path in files(found) if path.endswith(".pyc")} == {pyc("toy/__init__")}


def test_a_module_that_is_left_out_gets_no_bytecode(tmp_path: Path) -> None:
    path = WHEEL.write(tmp_path)
    blob, _, _ = write_layer(
        [(path, path.name)],
        venv=SAME_PYTHON,
        compile_sources=Compiler(SAME_PYTHON.python, sys.executable, workers=1),
        diet=Diet(drop=("toy/core.py",)),
    )

    names = set(files(tree([gzip.decompress(blob)])))
    assert pyc("toy/core") not in names
    assert pyc("toy/__init__") in names
