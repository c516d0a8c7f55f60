"""Projects that uv and Poetry lock are built from those locks, with the real uv."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import uv

from lamina.lock.lock import LockedWheel
from lamina.testing.projects import own_backend
from lamina.testing.wheels import ToyWheel
from tests.support.git import commit, repository
from tests.support.toys import Outcome, lamina

_UV = """\
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
dependencies = ["core", "toy"]

[project.optional-dependencies]
ui = ["widgets"]

[dependency-groups]
dev = ["other"]

[tool.uv.workspace]
members = ["packages/*"]

[tool.uv.sources]
core = { workspace = true }

[tool.lamina]
base = "scratch:3.11"

[tool.lamina.variants.ui]
extras = ["ui"]
"""
_POETRY = """\
[tool.poetry]
name = "shop"
version = "1"

[tool.poetry.dependencies]
python = "^3.11"
toy = "*"

[tool.poetry.group.train.dependencies]
other = "*"

[tool.lamina]
base = "scratch:3.11"
"""


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, LockedWheel]:
    """Make a folder of wheels the only index, and return them by name."""
    made = [ToyWheel(), *(ToyWheel(name=n, files={f"{n}.py": b""}) for n in ("other", "widgets"))]
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return {wheel.name: wheel.locked(tmp_path / "wheels") for wheel in made}


@pytest.fixture
def workspace(tmp_path: Path, wheels: dict[str, LockedWheel]) -> Path:  # noqa: ARG001 - the index
    """Make a workspace of two, locked by uv itself."""
    root = tmp_path / "shop"
    member = root / "packages" / "core"
    member.mkdir(parents=True)
    own_backend(member, ToyWheel(name="core", files={"core.py": b""}))
    (root / "pyproject.toml").write_text(_UV)
    lock_with_uv(root)
    return root


def lock_with_uv(root: Path) -> None:
    words = ["--no-index", "--find-links", "../wheels", "--python", "3.11"]
    command = [uv.find_uv_bin(), "lock", "--quiet", *words]
    subprocess.run(command, cwd=root, check=True)


def run(folder: Path, command: str, *words: str) -> Outcome:
    store = next(p for p in folder.parents if (p / "wheels").is_dir()) / "store"
    return lamina(command, folder, *words, store=store)


def installed(folder: Path, *words: str) -> Sequence[str]:
    done = run(folder, "plan", "--format", "json", *words)
    assert done.code == 0, done.err
    (plan,) = json.loads(done.out)
    rows: list[dict[str, Any]] = [w for layer in plan["layers"] for w in layer.get("wheels", [])]
    return sorted(f"{row['name']} {row['version']}" for row in rows)


def test_a_uv_lock_is_installed_with_the_members_of_its_workspace(workspace: Path) -> None:
    """The group ``dev``, which uv installs by itself, is for who works on the project."""
    assert installed(workspace) == ["core 1.0", "toy 1.0"]
    assert installed(workspace, "--variant", "ui") == ["core 1.0", "toy 1.0", "widgets 1.0"]


def test_an_image_is_built_from_a_uv_lock(workspace: Path, tmp_path: Path) -> None:
    done = run(workspace, "build", "-o", f"oci:{tmp_path / 'image'}")

    assert done.code == 0, done.err
    assert "warning" not in done.err


def test_a_member_of_a_workspace_is_locked_by_the_file_above(workspace: Path) -> None:
    assert installed(workspace / "packages" / "core") == ["core 1.0"]


def test_a_uv_lock_older_than_its_project_is_used_with_a_warning(workspace: Path) -> None:
    path = workspace / "pyproject.toml"
    path.write_text(path.read_text().replace('"toy"]', '"toy", "other"]'))

    done = run(workspace, "plan")

    assert done.code == 0, done.err
    expected = "uv.lock is out of date: pyproject.toml now asks for other; run `uv lock`"
    assert f"warning: {expected}" in done.err
    assert expected in run(workspace, "plan").err  # also when it is remembered


def test_a_requirements_file_beside_a_uv_lock_is_not_used(workspace: Path) -> None:
    (workspace / "requirements.txt").write_text("toy==0.5\n")

    done = run(workspace, "plan")

    assert "uv.lock is what counts, and requirements.txt beside it pins toy 0.5" in done.err
    assert installed(workspace) == ["core 1.0", "toy 1.0"]


def test_lamina_lock_leaves_a_lock_of_uv_to_uv(workspace: Path) -> None:
    before = (workspace / "uv.lock").read_bytes()

    done = run(workspace, "lock")

    assert done.code == 0, done.err
    assert "uv.lock: left alone, `uv lock` brings it up to date" in done.out
    assert (workspace / "uv.lock").read_bytes() == before
    assert not (workspace / "requirements.txt").exists()


def test_a_uv_lock_that_uv_cannot_read_is_named(workspace: Path) -> None:
    (workspace / "uv.lock").write_text("version = 1\n[[package]]\nname = 3\n")

    done = run(workspace, "plan")

    assert done.code == 3
    assert "error: the lock cannot be read" in done.err
    assert "uv.lock" in done.err


@pytest.mark.slow
def test_a_poetry_project_is_built_from_its_lock(
    tmp_path: Path, wheels: dict[str, LockedWheel]
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "pyproject.toml").write_text(_POETRY)
    rows = "".join(
        f'[[package]]\nname = "{name}"\nversion = "1.0"\ngroups = ["{group}"]\n'
        f'files = [{{file = "x", hash = "{wheels[name].digest}"}}]\n'
        for name, group in (("toy", "main"), ("other", "train"))
    )
    (shop / "poetry.lock").write_text(f'{rows}[metadata]\nlock-version = "2.1"\n')

    assert installed(shop) == ["toy 1.0"]
    text = (shop / "pyproject.toml").read_text()
    (shop / "pyproject.toml").write_text(f'{text}groups = ["train"]\n')
    assert installed(shop) == ["other 1.0", "toy 1.0"]


_CORE_ROW = (
    '[[package]]\nname = "core"\nversion = "1.0"\ngroups = ["main"]\nfiles = []\n'
    'source = {type = "directory", url = "../core"}\n[metadata]\nlock-version = "2.1"\n'
)


@pytest.mark.parametrize(
    ("name", "code", "said"), [("core", 0, ""), ("other", 3, "the lock says that this is core")]
)
def test_a_folder_that_the_lock_names_needs_no_lock_of_its_own(
    tmp_path: Path,
    wheels: dict[str, LockedWheel],  # noqa: ARG001 - the index
    name: str,
    code: int,
    said: str,
) -> None:
    """What it needs is in the lock that names it; and it has to be what the lock says."""
    shop, core = tmp_path / "shop", tmp_path / "core"
    shop.mkdir()
    core.mkdir()
    own_backend(core, ToyWheel(name=name, files={f"{name}.py": b""}))
    text = (core / "pyproject.toml").read_text()
    (core / "pyproject.toml").write_text(f'{text}\n[tool.poetry.dependencies]\ntoy = "*"\n')
    (shop / "pyproject.toml").write_text(_POETRY)
    (shop / "poetry.lock").write_text(_CORE_ROW)

    done = run(shop, "plan")

    assert done.code == code, done.err
    assert said in done.err


@pytest.mark.parametrize(("root", "is_outside"), [("", False), ("shop", True)])
def test_a_folder_outside_of_the_repository_is_a_warning_because_its_backend_runs(
    tmp_path: Path,
    wheels: dict[str, LockedWheel],  # noqa: ARG001 - the index
    root: str,
    *,
    is_outside: bool,
) -> None:
    shop, core = tmp_path / "shop", tmp_path / "core"
    shop.mkdir()
    core.mkdir()
    (tmp_path / root / ".git").mkdir()
    own_backend(core, ToyWheel(name="core", files={"core.py": b""}))
    (shop / "pyproject.toml").write_text(_POETRY)
    (shop / "poetry.lock").write_text(_CORE_ROW)

    done = run(shop, "plan")

    said = f"the lock names the folder of core, {core}, which is outside of {shop}: its build"
    assert done.code == 0, done.err
    assert (said in done.err) == is_outside


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("pyproject.toml", _POETRY, "run `poetry lock`"),
        ("Pipfile", "[packages]\ntoy = '*'\n", "run `pipenv lock`"),
    ],
)
def test_dependencies_that_only_their_tool_resolves_need_its_lock(
    tmp_path: Path, name: str, text: str, hint: str
) -> None:
    (tmp_path / "wheels").mkdir()
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / name).write_text(text)

    done = run(shop, "plan")

    assert done.code == 3
    assert hint in done.err


@pytest.fixture
def two_locks(workspace: Path, tmp_path: Path) -> Path:
    """Lock version 1 of toy, keep that lock in ``old``, and lock version 2."""
    (workspace / "old").mkdir()
    (workspace / "old/uv.lock").write_bytes((workspace / "uv.lock").read_bytes())
    ToyWheel(version="2.0").write(tmp_path / "wheels")
    (workspace / "uv.lock").unlink()
    lock_with_uv(workspace)
    assert installed(workspace) == ["core 1.0", "toy 2.0"]
    return workspace


def test_a_lock_of_an_earlier_commit_is_compared(
    two_locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(two_locks)
    now = (two_locks / "uv.lock").read_text()
    commit(two_locks, "uv.lock", (two_locks / "old/uv.lock").read_text())
    commit(two_locks, "uv.lock", now)
    monkeypatch.chdir(two_locks)

    assert changes(two_locks, "HEAD~1:uv.lock", "uv.lock") == [("toy", "1.0", "2.0")]


def test_a_lock_that_git_does_not_have_is_named(two_locks: Path) -> None:
    words = ("--project", str(two_locks))
    done = lamina("diff", "--locks", "HEAD:uv.lock", "b", *words, store=two_locks.parent / "store")

    assert (done.code, "git has no uv.lock at HEAD" in done.err) == (2, True)


def changes(folder: Path, *locks: str) -> list[tuple[str, str, str]]:
    words = ("--project", str(folder), "--platform", "linux/amd64", "--format", "json")
    store = folder.parent / "store"
    done = lamina("diff", "--locks", *locks, *words, store=store)
    assert done.code == 0, done.err
    found = {row["key"]: row for row in json.loads(done.out)["sections"]}
    rows = found["distributions"]["distributions"]
    return [(row["name"], row["before"], row["after"]) for row in rows]


def test_another_uv_lock_is_read_and_not_that_of_the_project(two_locks: Path) -> None:
    locks = (str(two_locks / "old/uv.lock"), str(two_locks / "uv.lock"))

    assert changes(two_locks, *locks) == [("toy", "1.0", "2.0")]


def test_comparing_locks_leaves_nothing_wrong_in_the_store(two_locks: Path) -> None:
    changes(two_locks, str(two_locks / "old/uv.lock"), str(two_locks / "uv.lock"))
    (two_locks / "uv.lock").write_bytes((two_locks / "old/uv.lock").read_bytes())

    assert installed(two_locks) == ["core 1.0", "toy 1.0"]


def test_a_lock_is_known_by_what_it_holds_whatever_it_is_called(two_locks: Path) -> None:
    (two_locks / "before.lock").write_bytes((two_locks / "old/uv.lock").read_bytes())

    found = changes(two_locks, str(two_locks / "before.lock"), str(two_locks / "uv.lock"))

    assert found == [("toy", "1.0", "2.0")]
