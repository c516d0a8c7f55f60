"""``lamina init``: what it says, writes, keeps and shows; without network."""

import subprocess
from pathlib import Path

import pytest

from lamina.cli.app import main
from lamina.project.files import project_files
from lamina.project.read import read_project
from tests.support.layouts import DOCKERFILE, LAYOUTS, MAKEFILE, write_layout

_LOCKED_BY_OTHERS = {"poetry"}
"""Layouts that cannot be built before their own tool locked them."""


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_STORE", str(tmp_path / "store"))


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", sorted(set(LAYOUTS) - _LOCKED_BY_OTHERS))
def test_every_layout_gets_its_files_and_settings_that_hold(name: str, tmp_path: Path) -> None:
    project = write_layout(name, tmp_path)

    assert main(["init", str(project), "--offline"]) == 0

    written = set(_files(project))
    assert {"pyproject.toml", ".dockerignore", "docker/Dockerfile", "scripts/build.sh",
            "scripts/build-prod.sh", ".github/workflows/docker.yml"} <= written  # fmt: skip
    assert (project / "scripts/build.sh").stat().st_mode & 0o111
    assert read_project(project).settings.base == "debian:bookworm"


@pytest.mark.parametrize("name", sorted(set(LAYOUTS) - _LOCKED_BY_OTHERS))
def test_a_second_run_changes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = write_layout(name, tmp_path)
    main(["init", str(project), "--offline"])
    before = _files(project)
    capsys.readouterr()

    assert main(["init", str(project), "--offline"]) == 0

    assert _files(project) == before
    said = capsys.readouterr().out
    assert "created" not in said
    assert "updated" not in said


def test_what_was_found_is_said_with_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["init", str(write_layout("fastapi", tmp_path)), "--offline"])

    said = capsys.readouterr().out
    assert "advice: nothing pins the dependencies yet; lamina lock\n" in said
    assert "framework      fastapi  (app/main.py: app is an application of it)" in said
    assert "health path    /healthz  (it is a route in app/main.py:6)" in said


def test_files_of_others_stay_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = write_layout("fastapi", tmp_path)
    (project / "Makefile").write_text(MAKEFILE)

    main(["init", str(project), "--offline"])

    assert (project / "docker/Dockerfile").read_text() == DOCKERFILE
    assert (project / "Makefile").read_text() == f"{MAKEFILE}\ninclude lamina.mk\n"
    assert "docker/Dockerfile: kept, it is yours" in capsys.readouterr().out


def test_force_replaces_them(tmp_path: Path) -> None:
    project = write_layout("fastapi", tmp_path)

    main(["init", str(project), "--offline", "--force"])

    assert (project / "docker/Dockerfile").read_text().startswith("# Written by `lamina init`")


def test_an_edited_file_is_kept_and_the_others_follow_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = write_layout("pip-tools", tmp_path)
    main(["init", str(project), "--offline"])
    script = project / "scripts/build.sh"
    script.write_text(script.read_text() + "echo mine\n")
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text().replace("port = 8000", "port = 8765"))
    capsys.readouterr()

    main(["init", str(project), "--offline"])

    said = capsys.readouterr().out
    assert "scripts/build.sh: kept, you edited it" in said
    assert script.read_text().endswith("echo mine\n")
    assert "docker/Dockerfile: updated" in said
    assert "EXPOSE 8765" in (project / "docker/Dockerfile").read_text()
    assert "port           8765  ([tool.lamina] says so)" in said


@pytest.mark.parametrize("name", sorted(set(LAYOUTS) - _LOCKED_BY_OTHERS))
def test_a_diff_writes_nothing_and_makes_the_same_when_it_is_applied(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = write_layout(name, tmp_path / "shown")
    other = write_layout(name, tmp_path / "written")
    before = _files(project)
    capfd.readouterr()

    assert main(["init", str(project), "--offline", "--diff"]) == 0

    shown = capfd.readouterr().out
    assert _files(project) == before
    subprocess.run(["patch", "-p1", "-s"], input=shown, text=True, cwd=project, check=True)
    main(["init", str(other), "--offline"])
    assert _files(project) == _files(other)


def test_poetry_has_to_lock_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["init", str(write_layout("poetry", tmp_path)), "--offline"])

    assert code == 3
    assert "try: run `poetry lock`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\nidna = "*"\n'),
        ("Pipfile", '[packages]\nidna = "*"\n'),
    ],
)
def test_what_has_to_be_locked_first_is_said_before_anything_is_written(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "main.py").write_text("import idna\n")
    before = _files(tmp_path)

    assert main(["init", str(tmp_path)]) != 0

    assert _files(tmp_path) == before


def test_a_folder_that_is_no_project_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()

    assert main(["init", str(tmp_path / "empty")]) == 3
    assert main(["init", str(tmp_path / "none")]) == 3
    assert list((tmp_path / "empty").iterdir()) == []
    assert "this is not a Python project" in capsys.readouterr().err


def test_a_pyproject_that_is_not_toml_is_named_and_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    (tmp_path / "main.py").write_text("print(1)\n")

    assert main(["init", str(tmp_path), "--offline"]) == 3
    assert "not valid TOML" in capsys.readouterr().err
    assert sorted(_files(tmp_path)) == ["main.py", "pyproject.toml"]


def test_the_pipeline_is_chosen_or_none(tmp_path: Path) -> None:
    project = write_layout("script", tmp_path)

    main(["init", str(project), "--offline", "--ci", "none"])
    assert not (project / ".github").exists()

    main(["init", str(project), "--offline", "--ci", "gitlab"])
    assert (project / ".gitlab-ci.yml").exists()


def test_a_project_inside_of_a_repository_gets_no_pipeline_nobody_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = write_layout("script", tmp_path)
    (tmp_path / ".git").mkdir()

    main(["init", str(project), "--offline"])

    assert not (project / ".github").exists()
    assert "not the top of its repository" in capsys.readouterr().err


def test_a_base_that_no_dockerfile_can_start_from_costs_only_the_dockerfile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = write_layout("script", tmp_path)
    (project / "pyproject.toml").write_text('[tool.lamina]\nbase = "oci:base"\n')

    assert main(["init", str(project), "--offline"]) == 0

    assert not (project / "docker").exists()
    assert (project / "Makefile").exists()
    assert "no Dockerfile: " in capsys.readouterr().err


def test_a_pipeline_never_asks_an_index_for_a_name_that_nobody_gave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever registers the name would run code with the permission to write packages."""
    monkeypatch.setattr("lamina.cli.init_pipeline._own_requirement", lambda: "")
    project = write_layout("script", tmp_path)

    main(["init", str(project), "--offline"])

    text = (project / ".github/workflows/docker.yml").read_text()
    assert '  LAMINA: "" # what pip installs' in text
    assert "does not know where Lamina comes from" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_what_a_pipeline_was_told_once_is_kept(kind: str, tmp_path: Path) -> None:
    project = write_layout("script", tmp_path)
    place = "lamina @ git+https://git.example.com/lamina@0123456789abcdef0123456789abcdef01234567"
    words = ["init", str(project), "--offline", "--ci", kind]
    main([*words, "--lamina", place, "--branch", 'a"b'])
    before = _files(project)

    main(words)

    assert _files(project) == before
    assert any(f'LAMINA: "{place}"'.encode() in text for text in before.values())


def test_what_is_no_requirement_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    project = write_layout("script", tmp_path)
    before = _files(project)

    assert main(["init", str(project), "--offline", "--lamina=--index-url=x"]) == 2
    assert _files(project) == before


def test_the_branch_is_the_repositorys_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = write_layout("script", tmp_path)
    subprocess.run(["git", "init", "-q", "-b", "trunk", project], check=True)

    main(["init", str(project), "--offline"])

    assert 'branches: ["trunk"]' in (project / ".github/workflows/docker.yml").read_text()
    assert "branch         trunk  (it is checked out)" in capsys.readouterr().out


def test_a_package_called_like_an_environment_is_in_the_image(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env/__init__.py").write_text("")
    (tmp_path / "env/world.db").write_text("")
    (tmp_path / "main.py").write_text("import env\n")

    main(["init", str(tmp_path), "--offline"])

    names = {
        path.relative_to(tmp_path).as_posix() for path in project_files(read_project(tmp_path))
    }
    assert {"env/__init__.py", "env/world.db", "main.py"} <= names


def test_somebodys_dockerignore_is_advised_of_what_it_leaves_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = write_layout("pip-tools", tmp_path)
    (project / ".dockerignore").write_text("*.txt\n*.in\n")

    main(["init", str(project), "--offline"])

    said = capsys.readouterr().out
    assert "add the line !/requirements." in said


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    project = write_layout("script", tmp_path)
    (project / "make").mkdir()
    (project / "make/own").write_text(MAKEFILE)
    (project / "Makefile").symlink_to("make/own")

    main(["init", str(project), "--offline"])

    assert (project / "Makefile").is_symlink()
    assert (project / "make/own").read_text().endswith("\ninclude lamina.mk\n")


def test_a_link_out_of_the_project_is_refused_and_nothing_is_half_done(tmp_path: Path) -> None:
    project = write_layout("script", tmp_path / "a")
    (tmp_path / "theirs").write_text(MAKEFILE)
    (project / "Makefile").symlink_to(tmp_path / "theirs")

    assert main(["init", str(project), "--offline"]) == 3

    assert (tmp_path / "theirs").read_text() == MAKEFILE
    assert not (project / "docker").exists()
