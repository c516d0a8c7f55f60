"""`lamina weigh` from end to end, on toy projects that need no network."""

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support import toys
from tests.support.index import Index, serve
from tests.support.toys import Outcome

USED = ToyWheel(
    name="used", files={"used/__init__.py": b"x" * 10_000, "used/tests/test_a.py": b"y" * 500},
    requires=("shared", "maybe; extra == 'more'"),
)  # fmt: skip
UNUSED = ToyWheel(name="unused", files={"unused.py": b"x" * 70_000}, requires=("shared", "deep"))
DEEP = ToyWheel(name="deep", files={"deep.py": b"x" * 200_000})
SHARED = ToyWheel(name="shared", files={"shared.py": b"x" * 30_000})
WHEELS = (USED, UNUSED, DEEP, SHARED)
LISTED = "# what we need\nused\nunused==1.0  # for later\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = locked_project(tmp_path / "project", WHEELS)
    (folder / "requirements.in").write_text(LISTED)
    (folder / "app.py").write_text("import used\n")
    return folder


def weigh(project: Path, *words: str | Path) -> Outcome:
    return toys.lamina("weigh", project, *words, store=project.parent / "store")


def found(project: Path, *words: str | Path) -> dict[str, Any]:
    """Weigh offline, and return the sections of the JSON form by their keys."""
    done = weigh(project, "--offline", "--format", "json", *words)
    assert done.code == 0, done.err
    return {section["key"]: section for section in json.loads(done.out)["sections"]}


def installed(project: Path) -> tuple[int, int]:
    """Build the image, and count the files and bytes that its layers of wheels hold."""
    out = project.parent / "out"
    done = toys.lamina("build", project, "-o", f"oci:{out}", store=project.parent / "built")
    assert done.code == 0, done.err
    files = toys.files(toys.tree(toys.layer_tars(out)))
    ours = {path: data for path, data in files.items() if "/site-packages/" in path}
    return len(ours), sum(map(len, ours.values()))


def test_the_weight_is_that_of_the_image(project: Path) -> None:
    files, size = installed(project)

    weight = found(project)["weight"]

    assert weight["total"]["size"] == size
    assert sum(row["files"] for row in weight["kinds"]) == files
    assert weight["total"]["fetched"] == 0
    tests = next(row for row in weight["kinds"] if row["kind"] == "tests")
    assert (tests["files"], tests["size"]) == (1, 500)


def test_each_direct_dependency_says_what_leaves_with_it(project: Path) -> None:
    sections = found(project)
    rows = {row["name"]: row for row in sections["weight"]["direct"]}
    sizes = {row["name"]: row["size"] for row in sections["weight"]["distributions"]}

    assert rows["unused"]["exclusive"] == sizes["unused"] + sizes["deep"]
    assert rows["used"]["exclusive"] == sizes["used"]
    assert [rows[name]["use"] for name in ("used", "unused")] == ["used", "never imported"]
    assert sections["weight"]["total"]["possible"] == sizes["unused"] + sizes["deep"]
    assert [row["name"] for row in sections["savings"]["unused"]] == ["unused"]


def test_a_second_look_reads_nothing(project: Path) -> None:
    first = found(project)
    for wheel in (project.parent / "wheels").iterdir():
        wheel.unlink()

    again = found(project)

    assert again["weight"]["direct"] == first["weight"]["direct"]
    assert again["weight"]["notes"] == ["4 of the wheels were weighed before."]


def test_what_a_run_loaded_is_used(project: Path, tmp_path: Path) -> None:
    loaded = tmp_path / "loaded.txt"
    loaded.write_text("sys\nunused\n")

    rows = {row["name"]: row for row in found(project, "--loaded", loaded)["weight"]["direct"]}

    assert rows["unused"]["use"] == "used"


def test_why_names_the_chain(project: Path) -> None:
    done = weigh(project, "--offline", "--why", "Deep")

    assert done.code == 0
    assert "unused \N{RIGHTWARDS ARROW} deep" in done.out


def test_why_of_what_is_not_there_is_an_error(project: Path) -> None:
    done = weigh(project, "--offline", "--why", "nothing")

    assert done.code == 2
    assert "the lock has no nothing" in done.err


@pytest.mark.parametrize(("budget", "code"), [("1GB", 0), ("200 kB", 1), ("0.1MiB", 1)])
def test_a_broken_budget_is_an_exit_code(project: Path, budget: str, code: int) -> None:
    assert weigh(project, "--offline", "--budget", budget).code == code


def test_who_broke_the_budget_is_named(project: Path) -> None:
    done = weigh(project, "--offline", "--budget", "200kB", "--format", "markdown")

    line = next(line for line in done.out.splitlines() if "above the budget" in line)
    assert "broken by unused" in line
    assert ", used" not in line


@pytest.mark.parametrize(
    "words",
    [("--budget", "much"), ("--write",), ("--drop", "unused"), ("--loaded", "nowhere"),
     ("--platform", "linux/amd64,linux/arm64")],
)  # fmt: skip
def test_a_wrong_word_is_a_usage_error(project: Path, words: tuple[str, ...]) -> None:
    try:
        code = weigh(project, "--offline", *words).code
    except SystemExit as error:  # argparse's own
        code = int(error.code or 0)

    assert code == 2


def test_apply_prints_a_diff_and_leaves_the_file(project: Path) -> None:
    done = weigh(project, "--offline", "--apply", "--drop", "unused")

    assert done.code == 0
    assert done.out == (
        "--- a/requirements.in\n+++ b/requirements.in\n@@ -1,3 +1,2 @@\n"
        " # what we need\n used\n-unused==1.0  # for later\n"
    )
    assert "then run `lamina lock`" in done.err
    assert (project / "requirements.in").read_text() == LISTED


def test_write_makes_the_change_and_leaves_the_lock(project: Path) -> None:
    lock = (project / "pylock.toml").read_bytes()

    weigh(project, "--offline", "--apply", "--drop", "unused", "--write")

    assert (project / "requirements.in").read_text() == "# what we need\nused\n"
    assert (project / "pylock.toml").read_bytes() == lock


def test_a_link_stays_a_link_and_a_file_keeps_who_may_read_it(project: Path) -> None:
    listed = project / "lists" / "shared.in"
    listed.parent.mkdir()
    (project / "requirements.in").rename(listed)
    listed.chmod(0o640)
    (project / "requirements.in").symlink_to(listed)

    weigh(project, "--offline", "--apply", "--drop", "unused", "--write")

    assert (project / "requirements.in").is_symlink()
    assert listed.read_text() == "# what we need\nused\n"
    assert listed.stat().st_mode & 0o777 == 0o640


def test_a_file_that_the_list_names_is_changed_itself(project: Path) -> None:
    (project / "more").mkdir()
    (project / "more/web.in").write_text("unused\n")
    (project / "requirements.in").write_text("used\n-r more/web.in\n")

    done = weigh(project, "--offline", "--apply", "--drop", "unused", "--write")

    assert done.out.startswith("--- a/more/web.in\n+++ b/more/web.in\n")
    assert (project / "more/web.in").read_text() == ""
    assert (project / "requirements.in").read_text() == "used\n-r more/web.in\n"


def test_what_is_not_listed_cannot_be_dropped(project: Path) -> None:
    done = weigh(project, "--offline", "--apply", "--drop", "deep")

    assert done.code == 2
    assert "requirements.in does not list deep" in done.err


def test_a_lock_alone_cannot_be_changed(project: Path) -> None:
    (project / "requirements.in").unlink()

    done = weigh(project, "--offline", "--apply", "--drop", "unused")

    assert done.code == 3
    assert "no list of dependencies" in done.err


HEAVY = ToyWheel(name="onnxruntime-gpu", version="1.20.1", files={"onnxruntime.py": b"x" * 900_000})
LIGHT = ToyWheel(name="onnxruntime", version="1.20.1", files={"onnxruntime.py": b"x" * 100_000})


@pytest.fixture
def swappable(tmp_path: Path) -> Path:
    for wheel in (LIGHT, HEAVY, USED, SHARED):
        wheel.write(tmp_path / "served")
    folder = tmp_path / "project"
    folder.mkdir()
    lines = (
        f"{w.name}=={w.version} --hash=sha256:{w.locked(tmp_path / 'served').digest.hex}\n"
        for w in (HEAVY, USED, SHARED)
    )
    (folder / "requirements.txt").write_text("".join(lines))
    (folder / "requirements.in").write_text("onnxruntime-gpu\nused\n")
    (folder / "pyproject.toml").write_text('[tool.lamina]\nbase = "scratch:3.11"\n')
    (folder / "app.py").write_text("import onnxruntime, used\n")
    return folder


def on(index: Index, project: Path, *words: str) -> Outcome:
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(project.parent / "home"),
        "UV_CACHE_DIR": str(project.parent / "uv-cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "UV_DEFAULT_INDEX": index.url,
    }
    with mock.patch.dict(os.environ, variables, clear=True):
        return weigh(project, *words)


@pytest.mark.slow
def test_a_lighter_equivalent_is_looked_up_and_weighed(swappable: Path, tmp_path: Path) -> None:
    with serve(Index(folder=tmp_path / "served")) as index:
        done = on(index, swappable, "--format", "json")

    sections = {section["key"]: section for section in json.loads(done.out)["sections"]}
    (swap,) = sections["savings"]["swaps"]
    assert swap["instead"] == "onnxruntime==1.20.1"
    assert 799_990 <= swap["saved"] <= 800_100
    assert sections["weight"]["total"]["possible"] == swap["saved"]


@pytest.mark.slow
def test_a_swap_is_applied_to_the_list(swappable: Path, tmp_path: Path) -> None:
    with serve(Index(folder=tmp_path / "served")) as index:
        done = on(index, swappable, "--apply", "--write")

    assert "-onnxruntime-gpu\n+onnxruntime==1.20.1\n" in done.out
    assert (swappable / "requirements.in").read_text() == "onnxruntime==1.20.1\nused\n"
