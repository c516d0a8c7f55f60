"""`lamina explain` finds the build, and the one to compare it with, in the history."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.history.database import open_history
from lamina.history.query import Wanted
from lamina.history.record import BuildOutcome, BuildRecord
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.explain.builds import build, project
from tests.explain.src_project import TOOK_S, src_project
from tests.support import toys
from tests.support.toys import Outcome

_ALL = "COPY\nRUN"


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "history.db"))
    return tmp_path / "history.db"


def _keep(history: Path, records: Iterable[BuildRecord]) -> None:
    with open_history(str(history)) as opened:
        opened.add(records)


def _explain(history: Path, *words: str) -> Outcome:
    return toys.lamina("explain", *words, store=history.parent / "store")


def _two_builds(folder: Path) -> list[BuildRecord]:
    project(folder)
    before = build(folder, id_="b1", ran=_ALL)
    (folder / "README.md").write_text("read this\n")
    return [before, build(folder, id_="b2", started=2.0, ran=_ALL)]


def test_the_last_build_is_explained_to_people(history: Path, tmp_path: Path) -> None:
    _keep(history, _two_builds(tmp_path))

    done = _explain(history)

    assert done.code == 0
    assert done.out == (
        "build b2 against b1: 3 of 4 steps ran, 62.0 s\n"
        "\n"
        "COPY . . (Dockerfile:4)  1.0 s, 62.0 s with what ran because of it\n"
        "  why: README.md: content changed (5 → 10 bytes)\n"
        "  so ran: RUN pip install -r requirements.txt (Dockerfile:5)  60.0 s\n"
        "  so ran: RUN python -m compileall . (Dockerfile:6)  1.0 s\n"
        "\n"
        "try: `COPY . .` (line 4) stands before `pip install` (line 5): README.md made it run "
        "again, 60.0 s; copy only the files that it reads first, and the rest after it\n"
    )


def test_programs_get_all_of_it(history: Path, tmp_path: Path) -> None:
    _keep(history, _two_builds(tmp_path))

    found = json.loads(_explain(history, "b2", "--format", "json").out)

    assert (found["build"], found["previous"], found["hits"], found["steps"]) == ("b2", "b1", 1, 4)
    assert found["misses"][0]["causes"] == [
        {
            "kind": "file",
            "name": "README.md",
            "text": "README.md: content changed (5 → 10 bytes)",
            "confidence": "certain",
        }
    ]


def test_a_build_that_reused_everything_says_so(history: Path, tmp_path: Path) -> None:
    project(tmp_path)
    _keep(history, [build(tmp_path, id_="b1", ran=_ALL), build(tmp_path, id_="b2", started=2.0)])

    assert _explain(history).out == "build b2 against b1: all of 4 steps were reused\n"


def test_the_build_to_compare_with_can_be_chosen(history: Path, tmp_path: Path) -> None:
    _keep(history, [*_two_builds(tmp_path), build(tmp_path, id_="b3", started=3.0, ran="RUN")])

    found = json.loads(_explain(history, "--against", "b1", "--format", "json").out)

    assert (found["build"], found["previous"]) == ("b3", "b1")


def test_a_first_build_is_called_the_first(history: Path, tmp_path: Path) -> None:
    _keep(history, [build(project(tmp_path), ran=_ALL)])

    done = _explain(history)

    assert "note: there is no earlier build to compare it with" in done.out


def test_without_builds_there_is_a_hint(history: Path) -> None:
    done = _explain(history)

    assert (done.code, done.err.splitlines()[0]) == (2, "error: there is no last build")


def test_a_build_of_ours_names_the_file_that_changed(history: Path, tmp_path: Path) -> None:
    """The plan's inputs go through the events into the record, and are compared there."""
    store = tmp_path / "store"
    folder = locked_project(tmp_path / "project", [ToyWheel()], settings='exclude = ["*.toml"]')
    (folder / "serve.py").write_text("print('served')\n")
    for text in ("print('served')\n", "print('served twice')\n"):
        (folder / "serve.py").write_text(text)
        assert toys.lamina("build", folder, "-t", "shop:1", store=store).code == 0

    found = json.loads(_explain(history, "--format", "json").out)

    (miss,) = found["misses"]
    assert [(cause["kind"], cause["name"].rpartition("/")[2]) for cause in miss["causes"]] == [
        ("file", "serve.py")
    ]
    assert "content changed (16 → 22 bytes)" in miss["causes"][0]["text"]


def test_a_variant_has_a_last_build_of_its_own(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = '[tool.lamina.variants.gpu]\npython = "3.12"\n'
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "shop"\nversion = "1"\n{settings}')
    names = ("shop-gpu", "shop")
    _keep(history, [
        BuildRecord(id=f"b{n}", started=float(n), engine="native", project=name,
                    fingerprint={"kind": "native", "format": 1, "platforms": {}})
        for n, name in enumerate(names)
    ])  # fmt: skip
    monkeypatch.chdir(tmp_path)

    assert _explain(history).out.startswith("build b1")
    assert _explain(history, "--variant", "gpu").out.startswith("build b0")


def test_an_edit_below_src_is_named_with_what_building_the_wheel_took(
    history: Path, tmp_path: Path
) -> None:
    store, folder = tmp_path / "store", src_project(tmp_path / "project")
    for text in ("answer = 1\n", "answer = 1000\n"):
        (folder / "src/app/x.py").write_text(text)
        assert toys.lamina("build", folder, "-t", "shop:1", store=store).code == 0

    (miss,) = json.loads(_explain(history, "--format", "json").out)["misses"]

    assert [cause["text"] for cause in miss["causes"]] == [
        "src/app/x.py content changed (11 → 14 bytes)"
    ]
    assert miss["seconds"] >= TOOK_S


def test_a_build_without_changes_has_saved_the_building_of_the_wheel(
    history: Path, tmp_path: Path
) -> None:
    store, folder = tmp_path / "store", src_project(tmp_path / "project")
    for _ in range(2):
        assert toys.lamina("build", folder, "-t", "shop:1", store=store).code == 0

    assert _explain(history).out.endswith("steps were reused\n")
    with open_history(str(history)) as opened:
        (row, _) = opened.rows(Wanted())
    assert row.saved_seconds >= TOOK_S


def test_the_last_build_is_that_of_this_folder(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "here").mkdir()
    mine, others = _two_builds(tmp_path / "here"), build(project(other), id_="o1", started=9.0)
    _keep(history, [*mine, replace(others, names=("other:1",))])
    monkeypatch.chdir(tmp_path / "here")

    assert _explain(history).out.startswith("build b2 against b1: ")
    assert _explain(history, "previous").out.startswith("build b1: ")
    assert _explain(history, "o1").out.startswith("build o1: ")
    assert _explain(history, "--image", "other").out.startswith("build o1: ")
    assert _explain(history).err == ""


def test_a_build_that_failed_before_it_had_a_plan_is_the_last_one_too(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = tmp_path / "store", src_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    assert toys.lamina("build", folder, "-t", "shop:1", store=store).code == 0
    failed = BuildRecord(
        id="f1", started=9e9, engine="native", project="shop-app", outcome=BuildOutcome.FAILED,
        error="no wheel of numpy fits",
    )  # fmt: skip
    _keep(history, [failed])

    assert "note: the build failed: no wheel of numpy fits" in _explain(history).out
    assert toys.lamina("what-if", "src/app/x.py", store=store).out.startswith(
        "edit src/app/x.py: 1 of 2 steps run again"
    )


def test_the_last_build_of_anything_is_called_that(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "else"
    folder.mkdir()
    _keep(history, [build(project(tmp_path), ran=_ALL)])
    monkeypatch.chdir(folder)

    done = _explain(history)

    assert done.out.startswith("build b1: ")
    assert done.err == (
        "note: no build of this folder is recorded: this is the last one of all projects\n"
    )


def test_a_build_that_failed_is_told_with_its_error_and_where_to_look(history: Path) -> None:
    failed = BuildRecord(
        id="f123456789", started=1.0, engine="native", kind="build", project="shop",
        outcome=BuildOutcome.FAILED, error="no wheel of numpy fits",
    )  # fmt: skip
    _keep(history, [failed])

    done = _explain(history)

    assert "steps were reused" not in done.out
    assert "note: the build failed: no wheel of numpy fits; " in done.out
    assert "`lamina history show f1234567`" in done.out
