"""Which files go into an image, and that none comes from outside the project."""

import os
from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.project.backend import source_fingerprint
from lamina.project.files import included_files, project_files
from lamina.project.project import Project
from lamina.project.settings import Settings


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    for name in ("app.py", "data/a.csv", "data/b.txt", "data/deep/c.csv", ".env", "x.key"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def files(folder: Path, **settings: tuple[str, ...]) -> list[str]:
    toy = Project(directory=folder, name="toy", settings=Settings(**settings))  # type: ignore[arg-type]
    return [path.relative_to(folder).as_posix() for path in project_files(toy)]


def included(folder: Path, *patterns: str, exclude: tuple[str, ...] = ()) -> list[str]:
    settings = Settings(include=patterns, exclude=exclude)
    toy = Project(directory=folder, name="toy", settings=settings)
    return [path.relative_to(folder).as_posix() for path in included_files(toy)]


def test_every_file_but_secrets_and_ignored_ones_is_the_projects(project: Path) -> None:
    (project / ".dockerignore").write_text("data/*\n!data/b.txt\n")

    assert files(project) == [".dockerignore", "app.py", "data/b.txt"]
    assert files(project, exclude=("*.py", "!.env")) == [".dockerignore", ".env", "data/b.txt"]


def test_only_plain_files_are_taken(project: Path) -> None:
    os.mkfifo(project / "pipe")
    (project / "link.py").symlink_to("app.py")
    (project / "folder").symlink_to("data", target_is_directory=True)

    assert files(project) == ["app.py", "data/a.csv", "data/b.txt", "data/deep/c.csv"]
    assert included(project, "*") == ["app.py", "data/a.csv", "data/b.txt", "data/deep/c.csv"]


def test_patterns_name_files_and_whole_folders(project: Path) -> None:
    assert included(project, "data/*.csv") == ["data/a.csv"]
    assert included(project, "data/") == ["data/a.csv", "data/b.txt", "data/deep/c.csv"]
    assert included(project, "data", exclude=("**/*.txt",)) == ["data/a.csv", "data/deep/c.csv"]
    assert included(project, "**/*.csv", "app.py") == ["app.py", "data/a.csv", "data/deep/c.csv"]


def test_nothing_outside_the_project_is_reached_through_a_link(project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("secret")
    (project / "link").symlink_to(outside, target_is_directory=True)
    (project / "secret.csv").symlink_to(outside / "secret.csv")

    for pattern in ("link/*", "link/secret.csv", "link", "secret.csv", "link/**/*"):
        with pytest.raises(ProjectError, match="matches no file"):
            included(project, pattern)
    assert included(project, "**/*.csv") == ["data/a.csv", "data/deep/c.csv"]


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../x", "data/../../x"])
def test_a_pattern_that_leaves_the_project_is_refused(project: Path, pattern: str) -> None:
    with pytest.raises(ProjectError, match="leaves the project"):
        included(project, pattern)


@pytest.mark.parametrize("pattern", ["", "nothing", ".env", "a**b", "\0"])
def test_a_pattern_that_finds_nothing_is_named(project: Path, pattern: str) -> None:
    with pytest.raises(ProjectError, match=r"matches no file|is not a pattern"):
        included(project, pattern)


def test_a_name_that_is_not_text_is_refused_by_name(project: Path) -> None:
    os.close(os.open(os.fsencode(project) + b"/caf\xe9.txt", os.O_CREAT))

    with pytest.raises(ProjectError, match=r"not UTF-8: 'caf\\xe9.txt'"):
        files(project)
    assert files(project, exclude=("caf*",)) == [
        "app.py", "data/a.csv", "data/b.txt", "data/deep/c.csv",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_read_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("lamina.project.files.os.scandir", refuse)

    with pytest.raises(ProjectError, match="cannot read: Permission denied"):
        files(project)


def fingerprint(folder: Path) -> str:
    return source_fingerprint(Project(directory=folder, name="toy"))


def test_a_fingerprint_follows_every_source_file(project: Path) -> None:
    """What .dockerignore leaves out of an image may still be what the wheel is built from."""
    (project / ".dockerignore").write_text("app.py\n")
    before = fingerprint(project)
    again = fingerprint(project)

    (project / "app.py").write_text("changed")

    assert before == again
    assert fingerprint(project) != before


def test_a_fingerprint_does_not_follow_what_backends_leave_behind(project: Path) -> None:
    before = fingerprint(project)

    for name in ("build/lib/app.py", "build/bdist.linux-x86_64/x", "toy.egg-info/PKG-INFO"):
        (project / name).parent.mkdir(parents=True)
        (project / name).write_text("made")

    assert fingerprint(project) == before


def test_the_list_of_loaded_modules_stays_out_whatever_its_name(project: Path) -> None:
    """It says what to make of the image, and would make another one with every recording."""
    for name in ("lamina.loaded.json", "data/seen.json"):
        (project / name).write_text("{}")

    assert "lamina.loaded.json" not in files(project)
    assert "data/seen.json" not in files(project, loaded="./data/seen.json")  # type: ignore[arg-type]
    assert "lamina.loaded.json" in files(project, exclude=("!lamina.loaded.json",))
