"""What stays out of an image, and that the program never does."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lamina.project.detect.snapshot import take_snapshot
from lamina.project.ignore import IgnoreRules, read_patterns
from lamina.scaffold.dockerignore import dockerignore, missing_lines
from lamina.scaffold.wanted import Wanted, find_wanted

_NAMES = ("env", "venv2", "tensorboard", "wandb", "docs", "build", "dist", "tests", "charts")
_DATA = ("labels.db", "run.log", "x.sqlite3", "y.whl", "z.ipynb", "conftest.py", "compose.yml",
         "Dockerfile.j2", "a.pid")  # fmt: skip


def _project(folder: Path, root: str = "") -> Path:
    """Make a project whose packages are called as a pattern is, each with data."""
    for name in _NAMES:
        package = folder / root / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("x = 1\n")
        for data in _DATA:
            (package / data).write_text("")
    imports = "".join(f"import {name}\n" for name in _NAMES)
    (folder / root / "main.py").write_text(imports)
    return folder


def _rules(folder: Path, include: tuple[str, ...] = ()) -> IgnoreRules:
    text = dockerignore(find_wanted(take_snapshot(folder), include))
    return IgnoreRules(read_patterns(text))


def _files(folder: Path) -> list[str]:
    return [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]


@pytest.mark.parametrize("root", ["", "src", "src/agent"])
def test_no_file_of_the_program_is_left_out(root: str, tmp_path: Path) -> None:
    project = _project(tmp_path, root)
    if root == "src/agent":
        (project / root / "__init__.py").write_text("")

    rules = _rules(project)

    assert [path for path in _files(project) if rules.ignores(path)] == []


def test_secrets_and_caches_stay_out_of_packages_too(tmp_path: Path) -> None:
    project = _project(tmp_path)

    rules = _rules(project)

    names = ("env/.env", "env/server.key", "env/__pycache__/a.pyc", "docs/.ssh/id_rsa",
             "env/wandb/run-1/files/a.py", "env/.venv/bin/python")  # fmt: skip
    assert [name for name in names if not rules.ignores(name)] == []


def test_a_virtual_environment_is_known_by_what_it_is(tmp_path: Path) -> None:
    library = tmp_path / "env/lib/python3.11/site-packages/idna"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("")
    (tmp_path / "env/pyvenv.cfg").write_text("home = /usr/bin\n")
    (tmp_path / "main.py").write_text("import idna\n")

    assert _rules(tmp_path).ignores("env/lib/python3.11/site-packages/idna/__init__.py")


def test_what_the_settings_include_is_let_in(tmp_path: Path) -> None:
    rules = _rules(tmp_path, ("model.db", "docs/*.html"))

    assert not rules.ignores("model.db")
    assert not rules.ignores("docs/index.html")
    assert rules.ignores("docs/index.md")


def test_each_exception_has_its_reason() -> None:
    wanted = Wanted(packages=("env",), included=("a.db",), named=("docs/README.md", "README.md"))

    lines = dockerignore(wanted, beside="docker/requirements.txt").splitlines()

    before = {line: lines[at - 1] for at, line in enumerate(lines) if line.startswith("!")}
    assert list(before) == ["!/env", "!/a.db", "!/docs/README.md", "!/docker/requirements.txt"]
    assert all(reason.startswith("# ") for reason in before.values())


def test_a_wheel_of_the_context_is_that_of_the_project(tmp_path: Path) -> None:
    project = _project(tmp_path / "project", "src/agent")
    (project / "src/agent/__init__.py").write_text("")
    (project / "docs").mkdir()
    (project / "docs/README.md").write_text("# Agent\n")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "agent"\nversion = "1"\nreadme = "docs/README.md"\n'
    )
    (project / ".gitignore").write_text("*.pid\n")
    rules = _rules(project)
    context = tmp_path / "context"
    for path in _files(project):
        if not rules.ignores(path):
            (context / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(project / path, context / path)

    members = _wheel(project, tmp_path / "a")

    assert "agent/env/labels.db" in members
    assert "agent/env/a.pid" not in members
    assert _wheel(context, tmp_path / "b") == members


def _wheel(project: Path, folder: Path) -> list[str]:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", folder, project],
        check=True,
    )  # fmt: skip
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        return sorted(wheel.namelist())


def test_somebodys_own_file_is_told_what_it_leaves_out() -> None:
    dockerfile = "RUN --mount=type=bind,source=requirements.lock,target=/r.txt pip install\n"
    files = {"docker/Dockerfile": dockerfile, "docker/requirements.txt": "source=x"}

    wanted = Wanted(packages=("env", "shop"), named=(".gitignore", "LICENSE", "README.md"))

    found = missing_lines("*.lock\nenv\n*.md\n.git*\n", wanted, files)

    assert [*found] == [
        ("!/requirements.lock", "docker/Dockerfile"),
        ("!/env", "the program"),
        ("!/README.md", "the project's own wheel"),
    ]
