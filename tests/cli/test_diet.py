"""A project on a diet from end to end: planned, built, proven, listed, and weighed."""

import json
import shutil
from pathlib import Path

import pytest

from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support import toys
from tests.support.toys import SITE

WHEEL = ToyWheel(
    files={
        "toy/__init__.py": b"x = 1\n",
        "toy/core.py": b"y = 2\n",
        "toy/core.pyi": b"y: int\n",
        "toy/tests/test_core.py": b"assert True\n" * 100,
    }
)
DIET = "[tool.lamina.diet]\ntests = true\nstubs = true\n"


def project(folder: Path, settings: str = "") -> Path:
    return locked_project(folder, [WHEEL], settings=f'exclude = ["**"]\n{settings}')


def build(folder: Path, store: Path) -> tuple[str, set[str]]:
    """Build; return the image's digest and its paths."""
    out = store.parent / f"out {store.name} {folder.name}"
    done = toys.lamina("build", folder, "-t", "app:1", "-o", f"oci:{out}", store=store)
    assert done.code == 0, done.err
    return done.out.strip(), set(toys.files(toys.tree(toys.layer_tars(out))))


def test_a_lean_layer_and_a_whole_one_are_never_taken_for_each_other(tmp_path: Path) -> None:
    """One store, the same wheel: each project gets its own layer, whoever comes first."""
    store = tmp_path / "store"
    whole, lean = project(tmp_path / "whole"), project(tmp_path / "lean", DIET)

    first = build(whole, store)
    second = build(lean, store)
    third = build(whole, store)

    assert first == third
    assert first[1] - second[1] == {f"{SITE}/toy/core.pyi", f"{SITE}/toy/tests/test_core.py"}


def test_a_pattern_that_leaves_nothing_out_is_named_whether_layers_are_new_or_not(
    tmp_path: Path,
) -> None:
    """One that another line or ``keep`` forestalls is spelled right, and metadata always stays."""
    table = (
        "[tool.lamina.diet]\ntests = true\nkeep = ['toy/core.py']\n"
        "drop = ['toy/cores', 'toy/core.pyi', 'toy/tests', 'toy/core.py', 'toy-1.0.dist-info']\n"
    )
    folder, store = project(tmp_path / "app", table), tmp_path / "store"

    for _ in range(2):
        done = toys.lamina("build", folder, "-t", "app:1", store=store)

        told = [line for line in done.err.splitlines() if "tool.lamina.diet.drop" in line]
        assert len(told) == 2, done.err
        assert "drop = ['toy/cores'] meets no file" in told[0]
        assert "drop = ['toy-1.0.dist-info'] meets no file" in told[1]


def test_a_pattern_is_not_called_idle_where_a_layer_tells_nothing(tmp_path: Path) -> None:
    """What an older version made, or a registry has, may hold what the pattern means."""
    folder = project(tmp_path / "app", "[tool.lamina.diet]\ndrop = ['nothing']\n")
    store = tmp_path / "store"
    toys.lamina("build", folder, "-t", "app:1", store=store)
    shutil.rmtree(store / "memory")  # the layers stay

    done = toys.lamina("build", folder, "-t", "app:1", store=store)

    assert done.code == 0
    assert "tool.lamina.diet.drop" not in done.err


def test_a_table_that_switches_nothing_on_changes_nothing(tmp_path: Path) -> None:
    off = project(tmp_path / "a" / "same", "[tool.lamina.diet]\ntests = false\n")
    none = project(tmp_path / "b" / "same")

    assert build(off, tmp_path / "one")[0] == build(none, tmp_path / "two")[0]


def test_a_lean_image_is_proven_and_a_whole_one_is_not_it(tmp_path: Path) -> None:
    store = tmp_path / "store"
    lean, whole = project(tmp_path / "lean", DIET), project(tmp_path / "whole")
    build(lean, store)

    proven = toys.lamina("verify", "app:1", lean, store=store)
    other = toys.lamina("verify", "app:1", whole, store=store)

    assert proven.code == 0, proven.out + proven.err
    assert other.code == 1
    assert "toy/tests/test_core.py" in other.out


def test_every_distribution_stays_in_the_bill_of_materials(tmp_path: Path) -> None:
    store = tmp_path / "store"
    build(project(tmp_path / "lean", DIET), store)

    done = toys.lamina("sbom", "app:1", store=store)

    names = {row["name"] for row in json.loads(done.out)["components"]}
    assert "toy" in names


def test_the_plan_names_each_line_and_its_risk(tmp_path: Path) -> None:
    folder = project(tmp_path / "lean", DIET)

    text = toys.lamina("plan", folder, store=tmp_path / "store").out
    (members,) = json.loads(
        toys.lamina("plan", folder, "--format", "json", store=tmp_path / "s").out
    )

    assert "  tests  folders named test or tests inside packages; risk:" in text
    assert members["layers"][0]["diet"]["tests"] is True
    assert members["layers"][0]["diet"]["headers"] is False


def test_weigh_says_what_each_line_saves_to_the_byte(tmp_path: Path) -> None:
    folder = project(tmp_path / "lean", DIET)

    done = toys.lamina("weigh", folder, "--offline", "--format", "json", store=tmp_path / "store")

    sections = {section["key"]: section for section in json.loads(done.out)["sections"]}
    rows = {row["line"]: row for row in sections["savings"]["diet"]}
    assert (rows["tests"]["saved"], rows["tests"]["files"], rows["tests"]["is-on"]) == (
        1200, 1, "yes",
    )  # fmt: skip
    assert rows["stubs"]["saved"] == 7
    assert rows["debug-symbols"]["is-on"] == "no"


def test_bytecode_of_imported_modules_needs_the_list_of_them(tmp_path: Path) -> None:
    folder = project(tmp_path / "lean", 'bytecode = "imported"\n')

    done = toys.lamina("build", folder, "-t", "app:1", store=tmp_path / "store")

    assert done.code == 3
    assert 'bytecode = "imported" needs a list of the modules that the image loads' in done.err
    assert f"lamina test IMAGE --loaded {folder / 'lamina.loaded.json'}" in done.err


@pytest.mark.parametrize("name", ["lamina.loaded.json", "seen.json"])
def test_only_imported_modules_are_compiled(tmp_path: Path, name: str) -> None:
    settings = f'bytecode = "imported"\nloaded = "{name}"\n'
    folder = project(tmp_path / "lean", settings)
    members = {
        "version": 1, "python": "3.11", "program": [], "objects": {}, "standard-library": [],
        "modules": {"toy": ["toy.core"]},
    }  # fmt: skip
    (folder / name).write_text(json.dumps(members))

    _, paths = build(folder, tmp_path / "store")

    compiled = {path for path in paths if path.endswith(".pyc")}
    assert [path.rpartition("/")[2].split(".")[0] for path in compiled] == ["core"]


def test_a_list_of_modules_that_was_recorded_from_another_lock_is_a_warning(tmp_path: Path) -> None:
    folder = project(tmp_path / "lean", 'bytecode = "imported"\n')
    members = {
        "version": 1, "python": "3.11", "program": [], "objects": {}, "standard-library": [],
        "modules": {"toy": ["toy.core"]}, "distributions": {"toy": "0.9"},
    }  # fmt: skip
    listed = folder / "lamina.loaded.json"

    def said() -> str:
        listed.write_text(json.dumps(members))
        return toys.lamina("plan", folder, store=tmp_path / "store").err

    other, members["distributions"] = said(), {"toy": "1.0"}

    assert "lamina.loaded.json was recorded from another lock: toy was 0.9 and is 1.0;" in other
    assert "another lock" not in said()
