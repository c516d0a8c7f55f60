"""`lamina what-if` reads the folder that it is started in, and what the last build took."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.history.database import open_history
from lamina.history.record import BuildRecord, LayerRecord, StepKind, StepRecord
from lamina.plan.component import Component
from tests.explain.builds import build, project
from tests.explain.src_project import TOOK_S, src_project
from tests.support import toys
from tests.support.toys import Outcome


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "project"
    found.mkdir()
    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "history.db"))
    monkeypatch.chdir(project(found))
    return found


def _what_if(folder: Path, *words: str) -> Outcome:
    return toys.lamina("what-if", *words, store=folder.parent / "store")


def _build(folder: Path, *words: str) -> None:
    with open_history(str(folder.parent / "history.db")) as history:
        history.add([build(folder, *words, ran="COPY\nRUN")])


def _commit(folder: Path, *names: str) -> None:
    words = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(folder)]
    for more in (["add", *names], ["commit", "--quiet", "--message", "x"]):
        subprocess.run([*words, *more], check=True, capture_output=True)


def test_an_edit_is_told_with_its_seconds(folder: Path) -> None:
    _build(folder)

    assert _what_if(folder, "README.md").out == (
        "edit README.md: 3 of 4 steps run again, 62.0 s\n"
        "  COPY . . (line 4)  1.0 s\n"
        "  RUN pip install -r requirements.txt (line 5)  60.0 s\n"
        "  RUN python -m compileall . (line 6)  1.0 s\n"
    )


def test_nothing_has_to_be_built_before(folder: Path) -> None:
    done = _what_if(folder, "README.md")

    assert done.out.splitlines()[0] == "edit README.md: 3 of 4 steps run again"


def test_a_folder_that_was_never_built_has_no_seconds_whatever_else_was_built(
    folder: Path, tmp_path: Path
) -> None:
    """Every project has a Dockerfile in a folder that is called `.` from there."""
    other = tmp_path / "other"
    other.mkdir()
    _build(project(other, (folder / "Dockerfile").read_text()))

    done = _what_if(folder, "README.md")

    assert done.out.splitlines()[0] == "edit README.md: 3 of 4 steps run again"


def test_the_last_build_of_a_folder_is_found_below_many_of_others(
    folder: Path, tmp_path: Path
) -> None:
    _build(folder)
    other = tmp_path / "other"
    other.mkdir()
    with open_history(str(tmp_path / "history.db")) as history:
        history.add(
            replace(build(project(other), id_=f"o{n}", started=2.0 + n), names=(f"shop{n % 7}:1",))
            for n in range(100)
        )

    assert "62.0 s" in _what_if(folder, "README.md").out.splitlines()[0]


def test_a_build_of_another_checkout_counts_where_both_have_one_origin(
    folder: Path, tmp_path: Path
) -> None:
    """The history may be a team's, and their folders are on other machines."""
    other = tmp_path / "other"
    for place, url in (
        (folder, "https://me:x@example.org/shop.git"),
        (other, "git@example.org:shop"),
    ):
        place.mkdir(exist_ok=True)
        subprocess.run(["git", "init", "--quiet", place], check=True)
        subprocess.run(["git", "-C", place, "remote", "add", "origin", url], check=True)
    with open_history(str(tmp_path / "history.db")) as history:
        history.add([build(project(other), ran="COPY\nRUN")])

    assert "62.0 s" in _what_if(folder, "README.md").out.splitlines()[0]


def test_seconds_of_another_dockerfile_are_not_taken_for_those_of_the_one_that_is_named(
    folder: Path,
) -> None:
    _build(folder)
    (folder / "Other").write_text((folder / "Dockerfile").read_text())

    assert "62.0 s" in _what_if(folder, "-f", "Dockerfile", "README.md").out.splitlines()[0]
    done = _what_if(folder, "-f", "Other", "README.md")

    assert done.out.splitlines()[0] == "edit README.md: 3 of 4 steps run again"


def test_arguments_and_commits_are_told(folder: Path) -> None:
    _build(folder, "--build-arg", "GIT_SHA=a")

    done = _what_if(folder, "--arg", "GIT_SHA", "--commit")

    assert [line for line in done.out.splitlines() if line and line[0] != " "] == [
        "ARG GIT_SHA: 2 of 4 steps run again, 61.0 s",
        "a new commit (ARG GIT_SHA): 2 of 4 steps run again, 61.0 s",
    ]


def test_files_are_ranked_by_how_often_they_change(folder: Path) -> None:
    _build(folder)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    (folder / ".dockerignore").write_text(".git\n")
    _commit(folder, ".")
    for text in ("one", "two", "three"):
        (folder / "README.md").write_text(text)
        _commit(folder, "README.md")

    lines = [line.split() for line in _what_if(folder).out.splitlines()]

    assert lines[0] == ["SECONDS", "COMMITS", "BY", "COMMIT", "STEPS", "FILE"]
    assert lines[1] == ["62.0", "100.0%", "62.00", "3", "README.md"]
    assert lines[2][:4] == ["62.0", "25.0%", "15.50", "3"]


def test_programs_get_json(folder: Path) -> None:
    _build(folder)

    (found,) = json.loads(_what_if(folder, "README.md", "--format", "json").out)

    assert (found["seconds"], found["sure_seconds"], len(found["reruns"])) == (62.0, 62.0, 3)


def test_another_dockerfile_can_be_named(folder: Path) -> None:
    (folder / "Other").write_text("FROM a\nRUN x\nCOPY README.md /\n")

    done = _what_if(folder, "-f", "Other", "README.md")

    assert done.out.splitlines()[0] == "edit README.md: 1 of 2 steps run again"


def test_a_folder_without_a_dockerfile_is_an_error(folder: Path) -> None:
    (folder / "Dockerfile").unlink()

    done = _what_if(folder, "README.md")

    assert (done.code, done.err.splitlines()[0]) == (
        3, "error: there is no Dockerfile to look into",
    )  # fmt: skip


def test_a_mistake_in_the_dockerfile_is_shown_with_its_line(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM a\nRUM x\n")

    done = _what_if(folder, "README.md")

    assert done.code == 3
    assert done.err.splitlines()[:3] == [
        "error: unknown instruction RUM", "  in: Dockerfile, line 2", "  try: did you mean RUN?",
    ]  # fmt: skip


@pytest.fixture
def built(folder: Path) -> Path:
    """Make the folder a project whose last build was ours."""
    (folder / "pyproject.toml").write_text('[project]\nname = "Shop.App"\nversion = "1"\n')
    (folder / "main.py").write_text("")
    parts = {
        "environment": {"working directory": "/app"},
        "files": {"app/main.py": "644 5 44", "app/lib/a.py": "644 5 55"},
    }
    step = StepRecord(id="1", name="layer files", kind=StepKind.LAYER, text="files",
                      platform="linux/amd64", seconds=3.0)  # fmt: skip
    record = BuildRecord(
        id="b1",
        started=1.0,
        engine="native",
        kind="build",
        project="shop-app",
        steps=(step,),
        layers=(LayerRecord(digest="sha256:a", size=9, part="files", platform="linux/amd64",
                            component=Component.APPLICATION, step="1"),),
        fingerprint={
            "kind": "native",
            "format": 1,
            "platforms": {"linux/amd64": {"settings": {}, "parts": parts}},
        },
    )  # fmt: skip
    with open_history(str(folder.parent / "history.db")) as history:
        history.add([record])
    return folder


@pytest.mark.parametrize("words", [("--arg", "A"), ("--build-arg", "A=1"), ("--target", "x")])
def test_what_only_a_dockerfile_has_is_refused_for_a_build_of_ours(
    built: Path, words: tuple[str, ...]
) -> None:
    done = _what_if(built, "main.py", *words)

    assert done.code == 2
    assert done.err.startswith(f"error: {words[0]}: only builds of a Dockerfile have that")


def test_a_build_of_ours_is_found_by_the_normalised_name_of_the_project(built: Path) -> None:
    done = _what_if(built, "main.py")

    assert done.out == "edit main.py: 1 of 1 steps run again, 3.0 s\n  layer files  3.0 s\n"


@pytest.mark.parametrize("path", ["lib", "lib/", ".", "./main.py"])
def test_a_folder_is_edited_where_a_file_in_it_is(built: Path, path: str) -> None:
    done = _what_if(built, path)

    assert done.out.splitlines()[0].endswith(": 1 of 1 steps run again, 3.0 s")


def test_a_build_of_another_project_with_the_same_name_is_not_this_ones(built: Path) -> None:
    (built / "main.py").unlink()

    done = _what_if(built, "README.md")

    assert done.out.splitlines()[0] == "edit README.md: 3 of 4 steps run again"


def test_a_variant_has_builds_of_its_own(built: Path) -> None:
    with (built / "pyproject.toml").open("a") as file:
        file.write('[tool.lamina.variants.gpu]\nbase = "scratch"\n')

    done = _what_if(built, "README.md", "--variant", "gpu")

    assert done.out.splitlines()[0] == "edit README.md: 3 of 4 steps run again"
    assert _what_if(built, "README.md", "--variant", "none").code != 0


def test_files_of_a_build_of_ours_are_ranked_by_how_often_they_change(built: Path) -> None:
    subprocess.run(["git", "init", "--quiet", built], check=True)
    _commit(built, ".")
    (built / "lib").mkdir()
    for text in ("one", "two", "three"):
        (built / "lib/a.py").write_text(text)
        _commit(built, "lib/a.py")

    lines = [line.split() for line in _what_if(built).out.splitlines()]

    assert lines[1:] == [
        ["3.0", "75.0%", "2.25", "1", "lib/a.py"],
        ["3.0", "25.0%", "0.75", "1", "main.py"],
        ["0.0", "25.0%", "0.00", "0", "requirements.txt"],
    ]
    (found,) = json.loads(_what_if(built, "main.py", "--format", "json").out)
    assert found["rate"] == 0.25


def test_a_commit_that_changes_no_file_makes_no_layer_of_ours_again(built: Path) -> None:
    done = _what_if(built, "--commit")

    assert done.out == "a new commit: nothing runs again; no layer tells the commit\n"


def test_an_edit_of_a_test_makes_nothing_again_and_one_below_src_the_wheels_layer(
    folder: Path,
) -> None:
    """The layer is the project's own wheel, which tests are not in."""
    (folder / "Dockerfile").unlink()
    (folder / "requirements.txt").unlink()
    src_project(folder)
    assert toys.lamina("build", folder, "-t", "shop:1", store=folder.parent / "store").code == 0

    tests, edited, new, readme = (
        json.loads(_what_if(folder, path, "--format", "json").out)[0]
        for path in ("tests/test_x.py", "src/app/x.py", "src/app/new.py", "README.md")
    )

    assert (tests["reruns"], tests["seconds"]) == ([], 0)
    assert [(r["name"], r["is_sure"]) for r in edited["reruns"]] == [("layer shop-app", True)]
    assert edited["seconds"] >= TOOK_S
    assert [r["is_sure"] for r in (*new["reruns"], *readme["reruns"])] == [False, False]


def test_a_commit_moves_a_wheel_whose_version_is_taken_from_it(folder: Path) -> None:
    src_project(folder)
    assert toys.lamina("build", folder, "-t", "shop:1", store=folder.parent / "store").code == 0
    path = folder / "pyproject.toml"
    path.write_text(path.read_text().replace('version = "1.0"', 'dynamic = ["version"]'))

    (found,) = json.loads(_what_if(folder, "--commit", "--format", "json").out)

    assert [(r["name"], r["is_sure"]) for r in found["reruns"]] == [("layer shop-app", False)]


def test_a_project_that_was_never_built_is_to_be_built_first(folder: Path) -> None:
    (folder / "Dockerfile").unlink()
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\n')

    done = _what_if(folder, "README.md")

    assert done.code == 3
    assert "try: `lamina build` first" in done.err
