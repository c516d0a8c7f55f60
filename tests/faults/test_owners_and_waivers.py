"""Two wheels and one path; a RECORD that lies and a user who accepts it."""

import re
from pathlib import Path

import pytest

from lamina.testing.wheels import ToyWheel
from tests.layer.test_wheel import assert_record_is_true
from tests.support.toys import (
    SITE,
    Outcome,
    Tree,
    build,
    layer_tars,
    make_project,
    manifest,
    tree,
)

LARGE = {"large.bin": bytes(range(256)) * 1000}  # a layer class of its own


def build_all(folder: Path, *wheels: ToyWheel, settings: str = "") -> Outcome:
    paths = [wheel.write(folder / "wheels") for wheel in wheels]
    project = make_project(folder / "project", paths, settings=settings)
    return build(project, folder / "out", folder / "store")


def built(folder: Path) -> Tree:
    return tree(layer_tars(folder / "out"))


@pytest.mark.parametrize("other", [{}, LARGE], ids=["one layer", "two layers"])
def test_equal_files_of_two_wheels_are_fine(other: dict[str, bytes], tmp_path: Path) -> None:
    """As with pkgutil namespaces, whose __init__.py comes with each of their wheels."""
    shared = {"space/__init__.py": b"# shared\n"}
    one = ToyWheel(name="one", files={**shared, "space/one.py": b"1\n"})
    two = ToyWheel(name="two", files={**shared, "space/two.py": b"2\n", **other}, compression=0)

    done = build_all(tmp_path, one, two)

    assert done.code == 0, done.err
    found = built(tmp_path)
    assert found[f"{SITE}/space/__init__.py"][2] == b"# shared\n"
    for name in ("one", "two"):
        record = found[f"{SITE}/{name}-1.0.dist-info/RECORD"][2].decode()
        assert "space/__init__.py,sha256=" in record
    assert len(manifest(tmp_path / "out")["layers"]) == (3 if other else 2)


@pytest.mark.parametrize("other", [{}, LARGE], ids=["one layer", "two layers"])
@pytest.mark.parametrize(
    ("path", "first", "second"),
    [
        ("shared.py", "shared.py", "shared.py"),
        ("shared", "shared", "shared/inside.py"),
        ("shared", "shared/inside.py", "shared"),
    ],
    ids=["two files", "file and folder", "folder and file"],
)
def test_different_files_of_two_wheels_are_refused_with_both_owners(
    path: str, first: str, second: str, other: dict[str, bytes], tmp_path: Path
) -> None:
    """Layer order must not decide silently whose file the image has."""
    one = ToyWheel(name="one", files={first: b"1\n"})
    two = ToyWheel(name="two", files={second: b"2\n", **other}, compression=0)

    done = build_all(tmp_path, one, two)

    message = done.err.partition("error: ")[2]
    assert done.code == 3
    assert f"{SITE}/{path}" in message
    assert re.search(r"(one 1\.0 and from two|two 1\.0 and from one) 1\.0", message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("other", [{}, LARGE], ids=["one layer", "two layers"])
def test_one_program_of_two_wheels_is_refused(other: dict[str, bytes], tmp_path: Path) -> None:
    points = "[console_scripts]\nrun = {}:main\n"
    one = ToyWheel(name="one", files={}, entry_points=points.format("one"))
    two = ToyWheel(name="two", files=other, entry_points=points.format("two"), compression=0)

    done = build_all(tmp_path, one, two)

    assert done.code == 3
    assert "opt/venv/bin/run" in done.err
    assert "one 1.0" in done.err
    assert "two 1.0" in done.err


def test_a_wheel_with_a_lying_record_is_accepted_when_it_is_named(tmp_path: Path) -> None:
    """The waiver is for hashes of one distribution; the image's own RECORD is true."""
    liar = ToyWheel(wrong_hashes=("toy.py",))

    refused = build_all(tmp_path / "strict", liar)
    accepted = build_all(tmp_path / "waived", liar, settings='allow-record-mismatch = ["toy"]')

    assert refused.code == 3
    assert '"toy" to allow-record-mismatch' in refused.err
    assert accepted.code == 0, accepted.err
    environment = {f"{SITE}/toy.py"}
    found = built(tmp_path / "waived")
    assert environment <= found.keys()
    assert_record_is_true({
        path: value for path, value in found.items()
        if not path.startswith("opt/venv/bin/") and path != "opt/venv/pyvenv.cfg"
    })  # fmt: skip


def test_a_waiver_for_one_distribution_covers_no_other(tmp_path: Path) -> None:
    liars = [
        ToyWheel(name=name, files={f"{name}.py": b"x\n"}, wrong_hashes=(f"{name}.py",))
        for name in ("one", "two")
    ]

    done = build_all(tmp_path, *liars, settings='allow-record-mismatch = ["one"]')

    assert done.code == 3
    assert "two-1.0-py3-none-any.whl, 'two.py'" in done.err


def test_what_was_accepted_under_a_waiver_is_refused_without_it(tmp_path: Path) -> None:
    """The store remembers the waived layer; a strict build does not take it."""
    path = ToyWheel(wrong_hashes=("toy.py",)).write(tmp_path / "wheels")
    waiver = 'allow-record-mismatch = ["toy"]'
    waived = make_project(tmp_path / "waived", [path], settings=waiver)
    strict = make_project(tmp_path / "strict", [path])

    first = build(waived, tmp_path / "out-1", tmp_path / "store")
    second = build(strict, tmp_path / "out-2", tmp_path / "store")

    assert (first.code, second.code) == (0, 3)
