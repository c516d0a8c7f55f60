"""`lamina plan --simulate`: a lock's history replayed, and it is what real pushes moved."""

import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support.git import commit, git, repository
from tests.support.toys import Outcome, lamina

pytestmark = pytest.mark.slow

SIZES = {"big": 1_400_000, "often": 400_000, "rare": 900_000, "a": 260_000, "b": 240_000}
# What each commit changes; at last, one goes back to what it was.
BUMPS = ("often", "often", "a", "often", "often", "rare", "often", "often", "a", "often", "back")
AMD64 = ("--platform", "linux/amd64")
NO_FILES = 'exclude = ["*"]'
"""Else the lock itself would be in the image, and in what is pushed."""


def wheels(versions: dict[str, int]) -> list[ToyWheel]:
    return [
        ToyWheel(
            name=name,
            version=f"{version}.0",
            files={f"{name}.bin": random.Random(f"{name}{version}").randbytes(SIZES[name])},
        )
        for name, version in versions.items()
    ]


def locks() -> Iterator[dict[str, int]]:
    """List the versions that each commit locks."""
    versions = dict.fromkeys(SIZES, 1)
    yield dict(versions)
    for name in BUMPS:
        versions["often" if name == "back" else name] += -1 if name == "back" else 1
        yield dict(versions)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository with a history of locks, the newest checked out."""
    folder = repository(tmp_path_factory.mktemp("history") / "project")
    for versions in locks():
        locked_project(folder, wheels(versions), settings=NO_FILES)
        commit(folder, "pylock.toml", (folder / "pylock.toml").read_text())
    return folder


@pytest.fixture
def project(history: Path, tmp_path: Path) -> Path:
    """Copy that repository for one test."""
    return Path(shutil.copytree(history, tmp_path / "project"))


def simulate(project: Path, *words: str | Path, store: str = "cold") -> Outcome:
    return lamina("plan", project, "--simulate", *words, *AMD64, store=project.parent / store)


def simulated(project: Path, *words: str | Path) -> dict[str, Any]:
    done = simulate(project, *words, "--format", "json")
    assert done.code == 0, done.err
    found = json.loads(done.out)[0]["simulation"]
    assert isinstance(found, dict)
    return found


def division(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in found["divisions"] if row["name"].startswith(name))


def pushes(project: Path, folder: Path, *, written: str = "") -> list[int]:
    """Build and push every lock of the history, and count the bytes of layers that each sent."""
    sent = []
    with InMemoryRegistry() as registry:
        for versions in locks():
            locked_project(folder / "project", wheels(versions), settings=NO_FILES)
            if written:
                (folder / "project" / "lamina.lock.toml").write_text(written)
            registry.reset()
            words = ("-t", f"{registry.address}/app:1", "--push", *AMD64)
            done = lamina("build", folder / "project", *words, store=project.parent / "warm")
            assert done.code == 0, done.err
            blobs = registry.repositories["app"].blobs
            data = [blobs[digest] for digest in registry.uploads()]
            sent.append(sum(len(blob) for blob in data if blob.startswith(b"\x1f\x8b")))
    return sent


def assert_alike(said: list[int], sent: list[int]) -> None:
    """Compare, for a layer is its wheels and a little: headers, and RECORD written anew."""
    assert len(said) == len(sent)
    for one, other in zip(said, sent, strict=True):
        assert one <= other <= one * 1.005 + 3_000 * (one > 0)


def test_what_is_said_is_what_pushes_sent(project: Path, tmp_path: Path) -> None:
    """With the layers of today, and nothing was built before it was asked."""
    found = simulated(project)

    sent = pushes(project, tmp_path / "real")

    in_use = division(found, "classes of size")
    assert (found["replayed"], in_use["isInUse"], found["guessedSizes"]) == (11, True, [])
    assert_alike(in_use["pushed"], sent[1:])
    assert in_use["pushed"][-1] == 0 < in_use["pulled"][-1]


def test_the_layers_that_are_written_down_are_built_and_move_what_was_said(
    project: Path, tmp_path: Path
) -> None:
    found = simulated(project, "--apply")
    written = (project / "lamina.lock.toml").read_text()

    sent = pushes(project, tmp_path / "real", written=written)

    best = next(row for row in found["divisions"] if row["isBest"])
    assert_alike(best["pushed"], sent[1:])
    assert sum(best["pushed"]) < 0.9 * sum(division(found, "classes of size")["pushed"])
    plan = json.loads(lamina("plan", project, "--format", "json", store=tmp_path / "s").out)[0]
    layers = [sorted(w["name"] for w in layer["wheels"]) for layer in plan["layers"]]
    assert layers == [sorted(names) for names in found["best"]]
    assert ["often"] in layers


def test_one_layer_moves_everything_every_time(project: Path) -> None:
    found = simulated(project)

    total = sum(SIZES.values())
    one = division(found, "one layer")["pushed"]
    assert all(total <= size <= total + 10_000 for size in one[:-1])
    assert division(found, "one wheel a layer")["layers"] == len(SIZES)


def test_what_is_written_down_stays_while_nothing_is_much_better(project: Path) -> None:
    simulate(project, "--apply")
    written = (project / "lamina.lock.toml").stat()

    again = simulate(project, "--apply")

    assert "the layers stay as they are" in again.out
    assert again.out.endswith("nothing is written\n")
    assert (project / "lamina.lock.toml").stat().st_ino == written.st_ino


def test_people_see_a_table_the_reason_and_the_trial(project: Path) -> None:
    done = simulate(project, "10")

    lines = done.out.splitlines()
    assert lines[0] == "the last 10 changes of pylock.toml, replayed for linux/amd64:"
    rows = {line.split("  ")[0] for line in lines[3:12]}
    assert {"one layer", "classes of size (in use)"} <= rows
    assert "(best)" in done.out
    assert "are expected to move at a change of the lock, instead of" in done.out
    assert "a trial: learnt from the older 6 changes alone, the newer 5 would" in done.out


def test_sizes_that_nobody_knows_are_those_of_today_until_the_store_has_the_wheel(
    tmp_path: Path,
) -> None:
    bare = repository(tmp_path / "bare")
    for versions in list(locks())[:3]:
        locked_project(bare, wheels(versions), settings=NO_FILES)
        text = re.sub(", size = [0-9]+", "", (bare / "pylock.toml").read_text())
        commit(bare, "pylock.toml", text)

    before = simulated(bare)
    git(bare, "checkout", "-q", "HEAD~2")
    built = lamina("build", bare, "-t", "app", *AMD64, store=tmp_path / "cold")
    git(bare, "checkout", "-q", "main")
    after = simulated(bare)

    assert built.code == 0, built.err
    assert before["guessedSizes"] == ["often 1.0", "often 2.0"]
    assert after["guessedSizes"] == ["often 2.0"]


def test_a_lock_that_is_not_committed_is_the_newest_revision(project: Path) -> None:
    versions = list(locks())[-1]
    locked_project(project, wheels({**versions, "b": 2}), settings=NO_FILES)

    assert simulated(project)["replayed"] == 12


def test_a_shallow_clone_replays_what_it_has_and_says_so(project: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", project.as_uri(), "clone")
    shutil.copy(project / "pyproject.toml", tmp_path / "clone")

    done = simulate(tmp_path / "clone")

    assert (done.code, done.out) == (0, "no change of pylock.toml is known: the clone is shallow\n")


def test_without_git_there_is_nothing_to_replay_and_no_error(tmp_path: Path) -> None:
    project = locked_project(tmp_path / "project", [ToyWheel()])

    done = simulate(project, "--apply")

    assert done.code == 0
    assert done.out == (
        "no change of pylock.toml is known: there is no git, or no repository that it reads\n"
        "nothing is written\n"
    )
    assert simulated(project) == {
        "replayed": 0,
        "notes": ["there is no git, or no repository that it reads"],
    }


def test_a_broken_revision_is_passed_over(project: Path) -> None:
    commit(project, "pylock.toml", "<<<<<<< HEAD\n")
    git(project, "revert", "--no-edit", "HEAD")

    found = simulated(project)

    assert found["replayed"] == 11
    assert found["notes"] == ["1 revisions of pylock.toml cannot be read"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--apply",), "--apply writes what --simulate found"),
        (("--simulate", "--against", "app:1"), "--simulate is about past pushes"),
        (("--simulate", "--apply", "--platform", "linux/amd64,linux/arm64"), "written down once"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, words: tuple[str, ...], text: str
) -> None:
    project = locked_project(tmp_path / "project", [ToyWheel()])

    done = lamina("plan", project, *words, store=tmp_path / "store")

    assert done.code == 2
    assert text in done.err


@pytest.mark.parametrize("number", ["0", "-1", "many", "1000000", "."])
def test_what_is_no_number_of_changes_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(SystemExit) as caught:
        lamina("plan", f"--simulate={number}", store=tmp_path / "store")

    assert caught.value.code == 2
