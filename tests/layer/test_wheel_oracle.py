"""What we put into a layer is what uv, an independent installer, puts into an environment."""

import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
import uv
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lamina.layer.venv import Venv
from lamina.testing.wheels import ToyWheel
from tests.support.toys import Tree, installed

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
OURS = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")

RICH = ToyWheel(
    name="my-toy",
    files={
        "toy.py": b"answer = 42\n",
        "pkg/__init__.py": b"",
        "pkg/a b.txt": b"space",
        "pkg/\u00fcml\u00e4ut.txt": b"umlaut",
        "pkg/run.sh": b"#!/bin/sh\n",
        "my_toy-1.0.data/scripts/tool": b"#!python\nprint(1)\n",
        "my_toy-1.0.data/scripts/gui": b"#!pythonw\nprint(1)\n",
        "my_toy-1.0.data/scripts/shell": b"#!/bin/sh\n",
        "my_toy-1.0.data/scripts/binary": b"\x7fELF\0\1\2#!python\n",
        "my_toy-1.0.data/data/share/man/toy.1": b"man",
        "my_toy-1.0.data/data/etc/jupyter/a.json": b"{}",
        "my_toy-1.0.data/headers/toy.h": b"#define TOY\n",
        "my_toy-1.0.data/purelib/pure.py": b"",
        "my_toy-1.0.data/platlib/plat/mod.py": b"x = 1\n",
        "my_toy-1.0.dist-info/licenses/LICENSE": b"MIT",
    },
    executables=("pkg/run.sh", "my_toy-1.0.data/scripts/shell"),
    entry_points=(
        "[console_scripts]\nrun = toy:main\nextra = toy:a.b [more]\n[gui_scripts]\nwin = toy:main\n"
    ),
)
PROGRAMS = {"run", "extra", "win"}
PARTS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.+-]{0,8}", fullmatch=True).filter(
    lambda part: (
        not part.endswith((".data", ".dist-info", ".egg-info", ".pyc", ".", ".pth"))
        and part.lower() != "__pycache__"
    )
)
FOLDERS = ["", "pkg/", "Pkg/sub/", "toy-1.0.data/data/share/", "toy-1.0.data/purelib/p/"]
PATHS = st.tuples(st.sampled_from(FOLDERS), PARTS).map("".join)


def by_uv(wheel: ToyWheel, folder: Path) -> tuple[Venv, Tree]:
    """Install with uv into a new environment; return it and what uv added."""
    path = wheel.write(folder / "wheels")
    prefix = folder / "env"
    program = [uv.find_uv_bin()]
    quiet = ["--quiet", "--no-cache", "--no-config", "--offline"]
    _run(program, "venv", *quiet, "--no-project", "--python", sys.executable, prefix)
    before = {file for file in prefix.rglob("*") if not file.is_dir()}
    _run(
        program, "pip", "install", *quiet, "--no-index", "--no-deps", "--link-mode", "copy",
        "--python", prefix / "bin/python", path,
    )  # fmt: skip
    added = sorted({file for file in prefix.rglob("*") if not file.is_dir()} - before)
    tree = {
        str(file).lstrip("/"): ("file", file.stat().st_mode & 0o7777, file.read_bytes())
        for file in added
    }
    venv = Venv(
        prefix=PurePosixPath(prefix), python=MINOR, base_interpreter=PurePosixPath(sys.executable)
    )
    return venv, tree


def _run(program: list[str], *words: str | Path) -> None:
    done = subprocess.run([*program, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def comparable(tree: Tree, venv: Venv) -> Tree:
    """Leave out what every installer writes in its own words."""
    return {
        path: value
        for path, value in tree.items()
        if value[0] == "file"
        and not (".dist-info/" in path and path.rpartition("/")[2] in OURS)
        and path not in {f"{venv.root}/bin/{name}" for name in PROGRAMS}
        and path != f"{venv.root}/.lock"
    }


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_files_places_modes_and_bytes_are_those_of_uv(method: int, tmp_path: Path) -> None:
    wheel = replace(RICH, compression=method)

    venv, theirs = by_uv(wheel, tmp_path)
    ours = installed(wheel, tmp_path / "again", venv=venv)

    assert comparable(ours, venv) == comparable(theirs, venv)
    assert len(comparable(ours, venv)) == len(wheel.files) + 3


def test_programs_for_entry_points_are_where_uv_puts_them_and_start_alike(tmp_path: Path) -> None:
    venv, theirs = by_uv(RICH, tmp_path)
    ours = installed(RICH, tmp_path / "again", venv=venv)

    for name in PROGRAMS:
        one, other = theirs[f"{venv.root}/bin/{name}"], ours[f"{venv.root}/bin/{name}"]
        assert one[:2] == other[:2] == ("file", 0o755)
        assert one[2].splitlines()[0] == other[2].splitlines()[0]
        assert one[2].splitlines()[-1] == other[2].splitlines()[-1]


def test_a_program_of_ours_runs_in_the_environment_of_uv(tmp_path: Path) -> None:
    wheel = ToyWheel(
        files={"toy.py": b"import sys\ndef main():\n    print(sys.prefix)\n    return 3\n"},
        entry_points="[console_scripts]\nrun = toy:main\n",
    )
    venv, _ = by_uv(wheel, tmp_path)
    ours = installed(wheel, tmp_path / "again", venv=venv)
    program = Path(f"/{venv.root}/bin/run")
    program.write_bytes(ours[f"{venv.root}/bin/run"][2])

    done = subprocess.run([program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (3, f"{venv.prefix}\n")


@pytest.mark.slow
@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    files=st.dictionaries(PATHS, st.binary(max_size=200), max_size=6),
    executables=st.sets(st.integers(0, 5)),
)
def test_any_wheel_of_plain_files_is_installed_as_uv_does(
    tmp_path: Path, files: dict[str, bytes], executables: set[int]
) -> None:
    names = list(files)
    wheel = ToyWheel(
        files=files, executables=tuple(name for n, name in enumerate(names) if n in executables)
    )
    shutil.rmtree(tmp_path / "env", ignore_errors=True)
    assume(not any(other.startswith(f"{name}/") for name in names for other in names))

    venv, theirs = by_uv(wheel, tmp_path)
    ours = installed(wheel, tmp_path / "again", venv=venv)

    assert comparable(ours, venv) == comparable(theirs, venv)
