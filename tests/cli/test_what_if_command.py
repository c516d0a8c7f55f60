"""`lamina what-if` reads the folder that it is started in, and what the last build took."""

import json
import subprocess
from pathlib import Path

import pytest

from lamina.history.database import open_history
from lamina.history.record import BuildRecord, LayerRecord
from lamina.plan.component import Component
from tests.explain.builds import build, project
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
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    inputs = {"settings": {}, "parts": {"files": {"app/main.py": "644 5 44"}}}
    record = BuildRecord(
        id="b1",
        started=1.0,
        engine="native",
        kind="build",
        project="shop",
        layers=(LayerRecord(digest="sha256:a", size=9, part="files", platform="linux/amd64",
                            component=Component.APPLICATION),),
        fingerprint={"kind": "native", "format": 1, "platforms": {"linux/amd64": inputs}},
    )  # fmt: skip
    with open_history(str(folder.parent / "history.db")) as history:
        history.add([record])
    return folder


@pytest.mark.parametrize(
    "words", [("--commit",), ("--arg", "A"), ("--build-arg", "A=1"), ("--target", "x")]
)
def test_what_only_a_dockerfile_has_is_refused_for_a_build_of_ours(
    built: Path, words: tuple[str, ...]
) -> None:
    assert _what_if(built, "main.py").out.startswith("edit main.py: 1 of 1 steps run again")

    done = _what_if(built, "main.py", *words)

    assert done.code == 2
    assert done.err.startswith(f"error: {words[0]}: only builds of a Dockerfile have that")


def test_a_project_that_was_never_built_is_to_be_built_first(folder: Path) -> None:
    (folder / "Dockerfile").unlink()
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\n')

    done = _what_if(folder, "README.md")

    assert done.code == 3
    assert "try: `lamina build` first" in done.err
