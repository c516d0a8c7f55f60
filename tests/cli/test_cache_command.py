"""`lamina cache` says what the store holds, and removes what no named image needs."""

import json
import os
import signal
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from lamina.cli.cache_document import stuck_error
from lamina.store.prune import Stuck
from lamina.store.stock import Item, Kind
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support.tools import LAMINA
from tests.support.toys import Outcome

_PLATFORM = ("--platform", "linux/amd64")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return locked_project(tmp_path / "project", [ToyWheel(), ToyWheel(name="other")])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def start(*words: str | Path, store: Path) -> "subprocess.Popen[str]":
    """Run a command in a process of its own, as each is: what it uses is free when it ends."""
    return subprocess.Popen(
        [*LAMINA, *map(str, words)],
        env={**os.environ, "LAMINA_STORE": str(store)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lamina(*words: str | Path, store: Path) -> Outcome:
    process = start(*words, store=store)
    out, err = process.communicate()
    return Outcome(code=process.returncode, out=out, err=err)


def build(project: Path, store: Path, *more: str) -> str:
    """Build an image and return its digest."""
    done = lamina("build", project, *_PLATFORM, *more, store=store)
    assert done.code == 0, done.err
    return done.out


def section(*words: str, store: Path) -> dict[str, Any]:
    """Return what a command says to programs."""
    done = lamina("cache", *words, "--format", "json", store=store)
    assert done.code == 0, done.err
    (found,) = json.loads(done.out)["sections"]
    assert isinstance(found, dict)
    return found


def on_disk(store: Path) -> int:
    files = (path for path in store.rglob("*") if path.is_file() and path.name != "version")
    return sum(path.stat().st_blocks * 512 for path in files)


def count(found: dict[str, Any], kind: str) -> int:
    return sum(int(row["count"]) for row in found["kinds"] if row["kind"] == kind)


def test_size_tells_every_kind_and_what_no_image_needs(project: Path, store: Path) -> None:
    build(project, store, "-t", "toys:1")

    found = section("size", store=store)

    assert found["totals"]["bytes"] == on_disk(store)
    assert 0 < found["totals"]["unneeded_bytes"] < found["totals"]["bytes"]
    assert found["totals"]["named_images"] == count(found, "names") == 1
    assert count(found, "wheels") == 2
    assert sum(row["bytes"] for row in found["kinds"]) == found["totals"]["bytes"]
    assert (found["unknown"], found["broken"]) == ([], [])


def test_size_is_told_to_people(project: Path, store: Path) -> None:
    build(project, store, "-t", "toys:1")
    (store / "\x1b[31mnotes").write_text("mine")

    done = lamina("cache", "size", store=store)

    assert done.out.startswith(f"{store}: ")
    assert "needed by none of 1 named image" in done.out
    assert "wheels" in done.out
    assert "left alone, not Lamina's" in done.out
    assert "notes" in done.out
    assert "\x1b" not in done.out


def test_an_empty_store_has_nothing_to_tell_or_to_free(store: Path) -> None:
    assert "0 B" in lamina("cache", "size", store=store).out
    assert "freed 0 B" in lamina("cache", "prune", store=store).out


def test_a_build_after_a_prune_gives_the_same_image(project: Path, store: Path) -> None:
    first = build(project, store, "-t", "toys:1")
    before = on_disk(store)

    found = section("prune", store=store)

    assert found["totals"]["freed_bytes"] == before - on_disk(store) > 0
    assert found["totals"]["left_bytes"] == on_disk(store)
    assert not list((store / "wheels").iterdir())
    assert build(project, store, "-t", "toys:1") == first
    assert not list((store / "wheels").iterdir()), "the layers were still there"


def test_a_build_after_everything_is_gone_gives_the_same_image(project: Path, store: Path) -> None:
    first = build(project, store, "-t", "toys:1")

    found = section("prune", "--all", store=store)

    names = [row["name"] for row in found["items"] if row["kind"] == "names"]
    assert names == ["toys:1"]
    assert on_disk(store) == 0
    assert build(project, store, "-t", "toys:1") == first


@pytest.mark.parametrize(
    "folders",
    [("wheels",), ("blobs",), ("layers",), ("contents",), ("memory",), ("contents", "wheels")],
)
def test_a_build_makes_again_whatever_is_missing(
    project: Path, store: Path, folders: tuple[str, ...]
) -> None:
    """A prune that was killed leaves less than it found, and so may a disk."""
    first = build(project, store, "-t", "toys:1")
    for folder in folders:
        for path in (store / folder).rglob("*"):
            if path.is_file():
                path.unlink()

    again = build(project, store, "-t", "toys:1")

    assert again == first
    assert section("size", store=store)["broken"] == []


def test_an_image_without_a_name_goes(project: Path, store: Path, tmp_path: Path) -> None:
    first = build(project, store, "-o", f"oci:{tmp_path}/out")

    section("prune", store=store)

    assert on_disk(store) == 0
    assert build(project, store, "-o", f"oci:{tmp_path}/out") == first


def test_a_dry_run_removes_nothing(project: Path, store: Path) -> None:
    build(project, store, "-t", "toys:1")
    before = on_disk(store)

    dry = lamina("cache", "prune", "--all", "--dry-run", store=store)

    assert "would free" in dry.out
    assert "toys:1" in dry.out
    assert on_disk(store) == before


def test_only_what_is_old_goes_when_asked(project: Path, store: Path) -> None:
    build(project, store, "-t", "toys:1")
    (old, _) = sorted((store / "wheels").iterdir())
    os.utime(old, (0, old.stat().st_mtime - 31 * 24 * 3600))

    found = section("prune", "--older-than", "30d", store=store)

    assert [row["path"] for row in found["items"]] == [str(old)]


def test_the_least_recently_used_go_until_the_store_is_small_enough(
    project: Path, store: Path
) -> None:
    build(project, store, "-t", "toys:1")
    (old, _) = sorted((store / "wheels").iterdir())
    os.utime(old, (0, 0))
    size = on_disk(store)

    found = section("prune", "--keep-size", f"{size - 1} B", store=store)

    assert [row["path"] for row in found["items"]] == [str(old)]


@pytest.mark.parametrize(
    ("option", "value"), [("--older-than", "soon"), ("--older-than", "30"), ("--keep-size", "big")]
)
def test_what_is_no_span_or_size_is_refused(store: Path, option: str, value: str) -> None:
    done = lamina("cache", "prune", option, value, store=store)

    assert done.code == 2
    assert f"'{value}' is no s" in done.err


def test_builds_lose_nothing_while_prunes_run(project: Path, store: Path) -> None:
    first = build(project, store, "-t", "toys:1")
    for _ in range(3):
        builds = [
            start("build", project, *_PLATFORM, "-t", f"toys:{n}", store=store) for n in range(2)
        ]
        prunes = 0
        while any(process.poll() is None for process in builds) or not prunes:
            assert lamina("cache", "prune", "--all", store=store).code == 0
            prunes += 1

        ends = [(process.communicate(), process.returncode) for process in builds]
        assert [(out, code) for (out, _), code in ends] == [(first, 0)] * 2, ends


def test_a_killed_build_leaves_files_that_go_after_an_hour(project: Path, store: Path) -> None:
    build(project, store, "-t", "toys:1")
    left = store / "ingest" / ("a" * 24)
    left.write_text("half a layer")
    running = store / "running" / ("b" * 24)
    running.touch()

    found = section("prune", store=store)

    assert left.exists(), "somebody may have put it there a minute ago"
    assert count(found, "leftovers") == 0
    assert not running.exists()


def test_a_build_that_is_killed_does_not_hold_the_store(project: Path, store: Path) -> None:
    build(project, store, "-t", "toys:1")
    process = start("build", project, *_PLATFORM, "-t", "toys:1", "--no-cache", store=store)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    section("prune", "--all", store=store)

    assert [p for p in (store / "blobs" / "sha256").iterdir() if p.is_file()] == []


@pytest.mark.skipif(which("bwrap") is None, reason="needs bubblewrap")
def test_a_store_that_cannot_be_written_is_told(project: Path, store: Path) -> None:
    build(project, store, "-t", "toys:1")
    before = on_disk(store)
    inside = ("bwrap", "--bind", "/", "/", "--ro-bind", store, store)
    command = [*inside, *LAMINA, "cache"]
    variables = {**os.environ, "LAMINA_STORE": str(store)}

    size, pruned = (
        subprocess.run(
            [*map(str, command), word],
            env=variables,
            check=False,
            capture_output=True,
            text=True,
        )
        for word in ("size", "prune")
    )

    if "bwrap:" in size.stderr:
        pytest.skip("no namespaces here")
    assert (size.returncode, size.stderr) == (0, "")
    assert pruned.returncode == 4
    assert "error: nothing can be removed from the store: Read-only file system" in pruned.stderr
    assert "Traceback" not in pruned.stderr
    assert on_disk(store) == before


@pytest.mark.skipif(which("bwrap") is None, reason="needs bubblewrap")
def test_what_cannot_be_removed_is_told_after_the_rest_is_gone(project: Path, store: Path) -> None:
    """Something is mounted onto a wheel, and inside of a folder: the disk calls them busy."""
    build(project, store, "-t", "toys:1")
    (wheel, other) = sorted((store / "wheels").iterdir())
    chain = store / "toolchains" / ("a" * 64)
    (chain / "mounted").mkdir(parents=True)
    mounts = [word for path in (wheel, chain / "mounted") for word in ("--bind", path, path)]
    command = ["bwrap", "--bind", "/", "/", *mounts, *LAMINA, "cache", "prune", "--format", "json"]

    done = subprocess.run(
        [*map(str, command)],
        env={**os.environ, "LAMINA_STORE": str(store)},
        check=False,
        capture_output=True,
        text=True,
    )

    if "bwrap:" in done.stderr:
        pytest.skip("no namespaces here")
    (found,) = json.loads(done.stdout)["sections"]
    (left,) = (store / "ingest").iterdir()
    assert done.returncode == 4
    assert "error: 2 parts of the store cannot be removed\n" in done.stderr
    assert f"{wheel}: Device or resource busy\n" in done.stderr
    assert f"{left}: Device or resource busy\n" in done.stderr
    assert [row["path"] for row in found["stuck"]] == [str(wheel), str(left)]
    assert found["totals"]["freed_bytes"] > 0
    assert (wheel.exists(), other.exists()) == (True, False)


def test_of_many_parts_that_cannot_be_removed_ten_are_named() -> None:
    item = Item(kind=Kind.WHEEL, path=Path("wheel"), size=1, used=0, changed=0, stamp=())
    stuck = [Stuck(item=item, where=f"wheel {n}", why="it is busy") for n in range(12)]

    error = stuck_error(stuck)

    assert error.what == "12 parts of the store cannot be removed"
    assert error.why is not None
    assert error.why.splitlines()[9:] == ["wheel 9: it is busy", "and 2 more"]
