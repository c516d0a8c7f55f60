"""Whatever befalls the history, the build succeeds, and at most one warning says what happened."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lamina.history.migrations import VERSION
from lamina.history.spool import DUE_FILES
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.history.test_drain import spooled
from tests.history.test_sqlite import add, ids
from tests.support import toys
from tests.support.toys import Outcome


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return locked_project(tmp_path / "project", [ToyWheel()])


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state" / "history.db"
    monkeypatch.setenv("LAMINA_HISTORY", str(path))
    return path


def lamina(project: Path, *words: str | Path) -> Outcome:
    return toys.lamina(*words, store=project.parent / "store")


def warnings(project: Path) -> list[str]:
    """Build, and return what it warned of."""
    done = lamina(project, "build", project, "-t", "toy")
    assert done.code == 0, done.err
    assert done.out.startswith("sha256:")
    return [line for line in done.err.splitlines() if line.startswith("warning: ")]


def listed(project: Path) -> list[dict[str, Any]]:
    done = lamina(project, "history", "--format", "json", "--limit", "0")
    assert done.code == 0, done.err
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows


def test_a_well_history_says_nothing(project: Path) -> None:
    assert warnings(project) == []
    assert len(listed(project)) == 1


def test_a_damaged_history_is_set_aside(project: Path, history: Path) -> None:
    history.parent.mkdir()
    history.write_text("no database " * 1000)

    found = warnings(project)

    assert found == [
        f"warning: the history was damaged: it is {history}.damaged-1 now, and a new one begins"
    ]
    assert warnings(project) == []
    assert len(listed(project)) == 2


def test_a_history_of_a_newer_lamina_keeps_builds_waiting(project: Path, history: Path) -> None:
    add(history, "old")
    with closing(sqlite3.connect(history)) as newer:
        newer.execute(f"PRAGMA user_version = {VERSION + 1}")
        newer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    (found,) = warnings(project)
    assert "1 builds wait" in found
    assert "newer Lamina" in found

    with closing(sqlite3.connect(history)) as newer:
        newer.execute(f"PRAGMA user_version = {VERSION}")
    assert len(listed(project)) == 2


@pytest.mark.slow
def test_a_locked_history_keeps_nobody(project: Path, history: Path) -> None:
    """Also not when so many builds wait that this one should bring them in."""
    add(history, "old")
    with closing(sqlite3.connect(history, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert warnings(project) == []

        spool = Path(f"{history}.spool")
        spooled(spool, *(f"b{number}" for number in range(DUE_FILES)))
        (found,) = warnings(project)

    assert f"{DUE_FILES + 2} builds wait in {spool}: somebody else writes the history" in found
    assert len(listed(project)) == DUE_FILES + 3


def test_many_that_wait_are_brought_in_by_a_build(project: Path, history: Path) -> None:
    spooled_before = Path(f"{history}.spool")
    spooled_before.mkdir(parents=True)
    spooled(spooled_before, *(f"b{number}" for number in range(DUE_FILES)))

    assert warnings(project) == []

    assert len(ids(history)) == DUE_FILES + 1
    assert list(spooled_before.iterdir()) == []


def test_a_place_that_cannot_be_is_said_once(project: Path, history: Path) -> None:
    history.parent.write_text("a file where the folder should be")

    assert warnings(project) == ["warning: this build is not recorded: Not a directory"]


def test_the_warning_is_an_event_for_programs(project: Path, history: Path) -> None:
    history.parent.write_text("")

    done = lamina(project, "build", project, "-t", "toy", "--progress", "rawjson")

    rows = [json.loads(line) for line in done.err.splitlines()]
    assert rows[-1]["event"] == "StepWarned"
    assert rows[-1]["text"] == "this build is not recorded: Not a directory"


def test_a_server_that_is_away_keeps_builds_waiting(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_HISTORY", "postgresql://me:hunter2@127.0.0.1:1/team")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    (found,) = warnings(project)

    assert "1 builds wait" in found
    assert "hunter2" not in found
    done = lamina(project, "history")
    assert done.code == 4
    assert "hunter2" not in done.err


def in_namespace(script: str, project: Path, history: Path) -> "subprocess.CompletedProcess[str]":
    """Run a build with mounts of its own."""
    words = [sys.executable, "-m", "lamina", "build", str(project), "-t", "toy"]
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{script}; exec "$@"', "sh", *words],
        env={
            **os.environ, "LAMINA_STORE": str(project.parent / "store"),
            "LAMINA_HISTORY": str(history),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("mount --bind {0} {0}; mount -o remount,ro,bind {0}", "Read-only file system"),
        (
            "mount -t tmpfs -o size=4k tmpfs {0}; head -c 4096 /dev/zero >{0}/x",
            "No space left on device",
        ),
    ],
)
def test_a_disk_that_refuses_is_said_once(
    project: Path, history: Path, options: str, reason: str
) -> None:
    history.parent.mkdir()

    done = in_namespace(options.format(history.parent), project, history)

    found = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert done.returncode == 0, done.stderr
    assert found == [f"warning: this build is not recorded: {reason}"]


def test_a_build_that_is_killed_is_listed_as_interrupted(project: Path, history: Path) -> None:
    """And everything that was built before is there."""
    assert warnings(project) == []
    slow = (
        "import os, signal, sys\n"
        "from lamina.engines import native\n"
        "native.NativeEngine.build = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from lamina.cli.app import main\n"
        "main(sys.argv[1:])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", slow, "build", str(project), "-t", "toy"],
        env={**os.environ, "LAMINA_STORE": str(project.parent / "store")},
        check=False, capture_output=True,
    )  # fmt: skip

    assert done.returncode == -signal.SIGKILL
    rows = listed(project)
    assert [row["outcome"] for row in rows] == ["interrupted", "done"]
    assert rows[0]["names"] == ["toy:latest"]
    assert [entry.name for entry in Path(f"{history}.spool").iterdir()] == []


@pytest.mark.slow
def test_builds_that_are_killed_anywhere_break_nothing(project: Path) -> None:
    """Every build is there, as done or as interrupted, whenever it was killed."""
    environment = {**os.environ, "LAMINA_STORE": str(project.parent / "store")}
    words = [sys.executable, "-m", "lamina", "build", str(project), "-t", "toy"]
    for number in range(15):
        process = subprocess.Popen(
            words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(0.05 + number * 0.02)
        process.kill()
        process.wait()
        before = len(listed(project))
        assert warnings(project) == []
        assert len(listed(project)) == before + 1

    rows = listed(project)
    assert {row["outcome"] for row in rows} <= {"done", "interrupted"}


def test_an_address_that_is_none_of_ours_is_said_once_and_makes_no_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_HISTORY", "postgresql+psycopg2://me:hunter2@db/team")
    monkeypatch.chdir(project.parent)

    (found,) = warnings(project)

    assert "this build is not recorded" in found
    assert "postgresql+psycopg2://" in found
    assert "hunter2" not in found
    (project.parent / "a.log").write_text("")
    for words in (["history"], ["stats"], ["history", "import", "a.log"]):
        done = lamina(project, *words)
        assert (done.code, "postgresql+psycopg2://" in done.err) == (2, True)
        assert "hunter2" not in done.err
    assert not [path for path in project.parent.rglob("*") if "hunter2" in str(path)]
