"""What a wheel's directory says is, to the byte, what a layer of it holds."""

import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina.errors import ArchiveError
from lamina.layer.venv import Venv
from lamina.layer.zip_directory import ZipDirectory
from lamina.testing.wheels import ToyWheel, write_zip
from lamina.weigh.kinds import Kind
from lamina.weigh.read import read_weight
from lamina.weigh.weight import Portion, Weight
from tests.layer.test_wheel_oracle import FOLDERS, PARTS, RICH
from tests.support.toys import VENV, write_layer

ELSEWHERE = Venv(
    prefix=PurePosixPath("/srv/a-long-place/for/an/environment"),
    python="3.13",
    base_interpreter=PurePosixPath("/usr/bin/python3.13"),
)


def weigh(path: Path, venv: Venv = VENV) -> Weight:
    with ZipDirectory(path) as zip_:
        return read_weight(zip_, path.name, venv)


def layered(path: Path, venv: Venv = VENV) -> Portion:
    """Say what a layer of the wheel really holds."""
    _, _, contents = write_layer([(path, path.name)], venv=venv)
    sizes = [item.size for item in contents.items if item.kind in {"file", "hardlink"}]
    return Portion(len(sizes), sum(sizes))


@pytest.mark.parametrize("venv", [VENV, ELSEWHERE], ids=["usual", "elsewhere"])
@pytest.mark.parametrize(
    "wheel",
    [
        ToyWheel(),
        RICH,
        replace(RICH, compression=zipfile.ZIP_STORED),
        ToyWheel(files={"toy/__init__.py": b"", "toy/__pycache__/a.cpython-311.pyc": b"x"}),
        ToyWheel(files={"toy-1.0.data/scripts/run": b"#!python -O\r\nx\n" + b"y" * 50_000},
                 entry_points="[console_scripts]\nrun = toy:main\n"),
        ToyWheel(files={"toy-1.0.data/scripts/tool": b"#!python"}),
        ToyWheel(files={"toy, with comma.py": b"", "a.py": b"x" * 12_345}),
    ],
    ids=["plain", "rich", "stored", "bytecode", "a program twice", "only a shebang", "quoted"],
)  # fmt: skip
def test_the_weight_is_that_of_the_layer(wheel: ToyWheel, venv: Venv, tmp_path: Path) -> None:
    path = wheel.write(tmp_path)

    assert weigh(path, venv).total == layered(path, venv)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(FOLDERS), PARTS).map("".join), st.binary(max_size=40), max_size=6
    ).filter(lambda files: not any(a != b and b.startswith(f"{a}/") for a in files for b in files)),
    st.lists(PARTS.filter(lambda p: "+" not in p), max_size=2, unique=True),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_so_for_any_wheel_that_can_be_installed(
    tmp_path: Path, files: dict[str, bytes], programs: list[str]
) -> None:
    points = "".join(f"{name} = toy:main\n" for name in programs)
    wheel = ToyWheel(files=files, entry_points=f"[console_scripts]\n{points}" if points else "")
    path = wheel.write(tmp_path)
    try:
        expected = layered(path)
    except ArchiveError:
        return  # two files at one place, and the like

    assert weigh(path).total == expected


def test_the_kinds_add_up_to_the_whole(tmp_path: Path) -> None:
    wheel = ToyWheel(
        files={
            "toy/__init__.py": b"12345",
            "toy/tests/test_a.py": b"1234567",
            "toy/core.so": b"123",
            "toy/core.h": b"12",
        }
    )

    found = weigh(wheel.write(tmp_path))

    assert found.portions[Kind.CODE] == Portion(1, 5)
    assert found.portions[Kind.TESTS] == Portion(1, 7)
    assert found.portions[Kind.OBJECTS] == Portion(1, 3)
    assert found.portions[Kind.HEADERS] == Portion(1, 2)
    assert found.portions.keys() == {
        Kind.CODE, Kind.TESTS, Kind.OBJECTS, Kind.HEADERS, Kind.METADATA,
    }  # fmt: skip


def test_modules_requirements_and_entry_points_are_those_of_the_wheel(tmp_path: Path) -> None:
    wheel = ToyWheel(
        name="my-toy",
        files={
            "toy/__init__.py": b"",
            "google/cloud/toys/__init__.py": b"",
            "_toy.cpython-311-x86_64-linux-gnu.so": b"",
            "tests/__init__.py": b"",
            "my_toy-1.0.data/scripts/tool": b"#!/bin/sh\n",
        },
        entry_points="[console_scripts]\nrun = toy:main\n[pytest11]\ntoy = toy.plugin\n",
        requires=("numpy<2", "uvloop; extra == 'fast'"),
    )

    found = weigh(wheel.write(tmp_path))

    assert found.modules == ("_toy", "google.cloud.toys", "toy")
    assert found.requires == ("numpy<2", "uvloop; extra == 'fast'")
    assert found.scripts == ("run", "tool")
    assert found.groups == ("pytest11",)


def test_a_weight_is_kept_as_json_and_read_again(tmp_path: Path) -> None:
    found = weigh(RICH.write(tmp_path))

    assert Weight.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("name", "says"),
    [("toy-1.0.data/nowhere/a", "no such scheme"), ("toy-1.0.data/a", "no such scheme")],
)
def test_what_goes_nowhere_is_refused(name: str, says: str, tmp_path: Path) -> None:
    path = ToyWheel(files={name: b"x"}).write(tmp_path)

    with pytest.raises(ArchiveError, match=says):
        weigh(path)


def test_a_zip_without_metadata_is_not_a_wheel(tmp_path: Path) -> None:
    path = tmp_path / "toy-1.0-py3-none-any.whl"
    write_zip(path, {"toy.py": b""})

    with pytest.raises(ArchiveError, match=r"one \.dist-info folder, and this has 0"):
        weigh(path)


def test_damaged_metadata_is_noticed(tmp_path: Path) -> None:
    path = ToyWheel(compression=zipfile.ZIP_STORED).write(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"Name: toy", b"Name: tot"))

    with pytest.raises(ArchiveError, match="CRC"):
        weigh(path)
