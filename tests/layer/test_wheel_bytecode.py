"""Bytecode beside the modules: valid whatever the times, and the same every time."""

import gzip
import importlib.util
import marshal
import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from lamina.bytecode.compiler import Compiler
from lamina.layer.venv import Venv
from lamina.testing.wheels import ToyWheel
from tests.layer.test_wheel import assert_record_is_true, record_rows
from tests.support.toys import Tree, files, installed, tree, write_layer

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
VENV = Venv(
    prefix=PurePosixPath("/opt/venv"), python=MINOR, base_interpreter=PurePosixPath(sys.executable)
)
SITE = VENV.site_packages
TAG = sys.implementation.cache_tag
SOURCES = {
    "toy.py": b"NAMES = {'a', 'b'}\n\ndef answer(x):\n    return 42 if x in {1, 2} else 'no'\n",
    "pkg/__init__.py": b"from pkg.mod import VALUE\n",
    "pkg/mod.py": b"VALUE = {'k': [1, 2.5, 'three']}\n",
    "pkg/tests/test_mod.py": b"assert True\n",
    "tests/conftest.py": b"x = 1\n",
    "pkg/broken.py": b"print 'Python 2'\n",
    "pkg/template.py.txt": b"not a module\n",
}
WHEEL = ToyWheel(files=SOURCES)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return with_bytecode(WHEEL, tmp_path_factory.mktemp("wheels"))


def with_bytecode(wheel: ToyWheel, folder: Path, *, workers: int = 1) -> Tree:
    compile_sources = Compiler(MINOR, sys.executable, workers=workers)
    return installed(wheel, folder, venv=VENV, compile_sources=compile_sources)


def pyc(module: str) -> str:
    folder, _, name = module.rpartition("/")
    return f"{SITE}/{folder + '/' if folder else ''}__pycache__/{name}.{TAG}.pyc"


def test_every_module_that_is_no_test_and_valid_has_bytecode(compiled: Tree) -> None:
    made = {path for path in files(compiled) if path.endswith(".pyc")}

    assert made == {pyc("toy"), pyc("pkg/__init__"), pyc("pkg/mod")}


def test_bytecode_is_valid_by_hash_and_never_checked(compiled: Tree) -> None:
    """PEP 552: the second word of the header is 1, and the source's hash follows."""
    data = compiled[pyc("toy")][2]

    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[4:8] == b"\1\0\0\0"
    assert data[8:16] == importlib.util.source_hash(SOURCES["toy.py"])
    assert marshal.loads(data[16:]).co_filename == f"/{SITE}/toy.py"


def test_bytecode_is_listed_in_record(compiled: Tree) -> None:
    info = f"{SITE}/toy-1.0.dist-info"

    rows = {path.replace("python3.11", f"python{MINOR}") for path in record_rows(compiled, info)}

    if MINOR == "3.11":
        assert_record_is_true(compiled, info)
    assert pyc("toy") in rows


def test_equal_sources_give_equal_bytecode_with_any_number_of_workers(
    compiled: Tree, tmp_path: Path
) -> None:
    for workers in (1, 2, 3):
        assert with_bytecode(WHEEL, tmp_path, workers=workers) == compiled


def test_python_imports_the_bytecode_in_place_of_the_source(compiled: Tree, tmp_path: Path) -> None:
    """The source is exchanged for one that fails; the bytecode still counts."""
    for path, data in files(compiled).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"raise SystemExit('source')\n" if path.endswith(".py") else data)
        os.utime(file, (0, 0))

    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c",
         "import toy, pkg; print(toy.answer(1), pkg.VALUE, toy.__cached__)"],
        env={"PYTHONPATH": str(tmp_path / SITE)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"42 {{'k': [1, 2.5, 'three']}} {tmp_path / pyc('toy')}\n"


def test_tracebacks_name_the_path_in_the_image(compiled: Tree) -> None:
    code = marshal.loads(compiled[pyc("pkg/mod")][2][16:])

    assert code.co_filename == f"/opt/venv/lib/python{MINOR}/site-packages/pkg/mod.py"


def test_without_the_option_there_is_no_bytecode(tmp_path: Path) -> None:
    found = installed(WHEEL, tmp_path, venv=VENV)

    assert not [path for path in found if path.endswith(".pyc")]


def test_bytecode_that_a_wheel_brings_gives_way_to_ours(compiled: Tree, tmp_path: Path) -> None:
    """Its times cannot match the source's in the image, so Python would not use it."""
    stale = f"__pycache__/toy.{TAG}.pyc"
    wheel = ToyWheel(files={**SOURCES, stale: b"stale", "__pycache__/gone.pyc": b"kept"})

    found = with_bytecode(wheel, tmp_path)
    without = installed(wheel, tmp_path, venv=VENV)

    assert found[pyc("toy")] == compiled[pyc("toy")]
    assert found[f"{SITE}/__pycache__/gone.pyc"][2] == b"kept"
    assert without[f"{SITE}/{stale}"][2] == b"stale"


def test_programs_and_shared_data_get_no_bytecode(tmp_path: Path) -> None:
    wheel = ToyWheel(
        files={
            "toy-1.0.data/scripts/run.py": b"#!python\nprint()\n",
            "toy-1.0.data/data/share/toy/example.py": b"print()\n",
            "toy-1.0.data/purelib/pure.py": b"print()\n",
        }
    )

    found = with_bytecode(wheel, tmp_path)

    assert {path for path in found if path.endswith(".pyc")} == {pyc("pure")}


def test_a_module_that_two_wheels_share_is_compiled_once(tmp_path: Path) -> None:
    paths = [
        ToyWheel(name=name, files={"shared.py": b"x = 1\n"}).write(tmp_path)
        for name in ("one", "two")
    ]

    blob, _, _ = write_layer(
        [(path, path.name) for path in paths],
        venv=VENV,
        compile_sources=Compiler(MINOR, sys.executable, workers=1),
    )

    found = tree([gzip.decompress(blob)])
    assert pyc("shared") in found
