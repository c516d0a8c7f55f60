"""`lamina lock` learns from the lock's own history which distributions share a layer."""

import json
import random
from pathlib import Path

import pytest

from lamina.project.lock_file import LockFile, render_lock_file
from lamina.testing.wheels import ToyWheel
from tests.support.git import commit, git, repository
from tests.support.toys import Outcome, lamina

pytestmark = pytest.mark.slow

SIZES = {"big": 900_000, "often": 400_000, "rare": 700_000}
CHANGES = 10


def wheel(name: str, version: int, tag: str = "py3-none-any") -> ToyWheel:
    data = random.Random(f"{name}{version}").randbytes(SIZES.get(name, 10))
    return ToyWheel(name=name, version=f"{version}.0", files={f"{name}.bin": data}, tag=tag)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository in whose lock one distribution changed again and again."""
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    folder = repository(tmp_path / "project")
    pyproject(folder, *SIZES)
    for version in range(1, CHANGES + 2):
        chosen = [wheel("big", 1), wheel("often", version), wheel("rare", 1)]
        lines = [_line(one, tmp_path / "wheels") for one in chosen]
        commit(folder, "requirements.txt", "".join(lines))
    return folder


def pyproject(folder: Path, *dependencies: str) -> None:
    table = '[tool.lamina]\nbase = "scratch"\nexclude = ["*"]\n'
    project = f'[project]\nname = "app"\nversion = "1"\ndependencies = {list(dependencies)}\n\n'
    (folder / "pyproject.toml").write_text(project + table)


def _line(toy: ToyWheel, folder: Path) -> str:
    locked = toy.locked(folder)
    return f"{locked.name}=={locked.version} --hash={locked.digest}\n"


def lock(project: Path, *words: str) -> Outcome:
    done = lamina("lock", project, *words, store=project.parent / "store")
    assert done.code == 0, done.err
    return done


def layers(project: Path) -> list[list[str]]:
    done = lamina("plan", project, "--format", "json", store=project.parent / "store")
    assert done.code == 0, done.err
    plan = json.loads(done.out)[0]
    return [[one["name"] for one in layer["wheels"]] for layer in plan["layers"]]


def test_what_changed_often_gets_a_layer_of_its_own_and_the_build_follows(project: Path) -> None:
    before = layers(project)

    done = lock(project)

    path = project / "lamina.lock.toml"
    assert before == [["big", "often", "rare"]]
    assert f"{path}: 3 layers of distributions; 477.2 kB are expected to move" in done.out
    assert "instead of 1.8 MB: learnt from 10 changes" in done.out
    assert path.read_text() == render_lock_file(LockFile(layers=(("big",), ("rare",), ("often",))))
    assert layers(project) == [["big"], ["rare"], ["often"]]


def test_a_second_lock_leaves_what_the_first_one_wrote(project: Path) -> None:
    lock(project)
    before = (project / "lamina.lock.toml").stat()

    done = lock(project)

    assert "the layers stay as they are" in done.out
    after = (project / "lamina.lock.toml").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_clone_without_a_history_builds_the_same_layers(project: Path, tmp_path: Path) -> None:
    """The bytes of layers do not depend on how much of the history a machine has."""
    lock(project)
    for name in ("lamina.lock.toml", "pyproject.toml", "requirements.txt"):
        git(project, "add", name)
    git(project, "commit", "-qm", "layers")
    git(tmp_path, "clone", "-q", "--depth=1", project.as_uri(), "clone")

    assert layers(tmp_path / "clone") == layers(project)


def test_a_shallow_clone_neither_learns_nor_forgets(project: Path, tmp_path: Path) -> None:
    written = render_lock_file(LockFile(layers=(("often", "big"), ("rare",))))
    git(project, "add", "pyproject.toml")
    commit(project, "lamina.lock.toml", written)
    git(tmp_path, "clone", "-q", "--depth=1", project.as_uri(), "clone")

    done = lock(tmp_path / "clone")

    assert "layers" not in done.out
    assert (tmp_path / "clone" / "lamina.lock.toml").read_text() == written


@pytest.mark.parametrize("words", [["--keep-layers"], ["--only", "base"]])
def test_layers_are_left_alone_on_request(project: Path, words: list[str]) -> None:
    lock(project, *words)

    assert not (project / "lamina.lock.toml").exists()
    assert layers(project) == [["big", "often", "rare"]]


def test_layers_stay_when_the_base_needs_no_pin(project: Path) -> None:
    written = LockFile(layers=(("often",),))
    (project / "lamina.lock.toml").write_text(render_lock_file(written))

    lock(project, "--only", "base")

    assert (project / "lamina.lock.toml").read_text() == render_lock_file(written)


def test_without_git_nothing_is_learnt_and_nothing_is_said(project: Path) -> None:
    (project / ".git").rename(project.parent / "git")

    done = lock(project)

    assert done.out == f"{project}/requirements.txt: 3 distributions pinned\n"
    assert not (project / "lamina.lock.toml").exists()


def test_sizes_that_cannot_be_found_are_a_warning_and_the_lock_is_written(
    project: Path, tmp_path: Path
) -> None:
    wheel("foreign", 1, tag="py3-none-win_amd64").write(tmp_path / "wheels")
    pyproject(project, *SIZES, "foreign")

    done = lock(project)

    assert "foreign==1.0" in (project / "requirements.txt").read_text()
    assert "warning: the layers stay as they are, for sizes are not known" in done.err
    assert not (project / "lamina.lock.toml").exists()
