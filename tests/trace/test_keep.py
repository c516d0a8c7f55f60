"""Traced builds get into the history, now or later."""

import stat
from pathlib import Path

import pytest

from lamina.history.database import open_history
from lamina.history.query import Wanted
from lamina.history.record import BuildRecord
from lamina.trace.keep import keep

ONE = BuildRecord(id="one", started=1.0, kind="trace")
TWO = BuildRecord(id="two", started=2.0, kind="trace")


@pytest.fixture
def waiting(tmp_path: Path) -> Path:
    return tmp_path / "waiting"


def ids(location: Path) -> list[str]:
    with open_history(str(location)) as history:
        return [row.id for row in history.rows(Wanted())]


def test_a_build_is_added(tmp_path: Path, waiting: Path) -> None:
    assert keep(str(tmp_path / "h.db"), waiting, [ONE]) == ()
    assert ids(tmp_path / "h.db") == ["one"]
    assert list(waiting.iterdir()) == []


def test_what_cannot_be_added_waits_and_is_added_the_next_time(
    tmp_path: Path, waiting: Path
) -> None:
    location = tmp_path / "h.db"
    location.mkdir()  # no database can be there

    (notice,) = keep(str(location), waiting, [ONE])

    location.rmdir()
    assert f"1 builds wait in {waiting}" in notice
    assert keep(str(location), waiting, [TWO]) == ()
    assert ids(location) == ["two", "one"]
    assert list(waiting.iterdir()) == []


def test_a_build_that_can_be_kept_nowhere_is_said_to_be_lost(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    (notice,) = keep(str(file / "h.db"), file / "waiting", [ONE])

    assert "they are lost" in notice


def test_a_file_that_is_no_record_is_put_aside_and_said_once(tmp_path: Path, waiting: Path) -> None:
    waiting.mkdir()
    (waiting / "x.record").write_text("{")

    (notice,) = keep(str(tmp_path / "h.db"), waiting, [ONE])

    assert "cannot be read" in notice
    assert (waiting / "x.damaged").exists()
    assert keep(str(tmp_path / "h.db"), waiting, [TWO]) == ()
    assert ids(tmp_path / "h.db") == ["two", "one"]


def test_a_damaged_history_is_set_aside_for_whoever_only_traces(
    tmp_path: Path, waiting: Path
) -> None:
    location = tmp_path / "h.db"
    location.write_text("no database " * 1000)

    (notice,) = keep(str(location), waiting, [ONE])

    assert "the history was damaged" in notice
    assert ids(location) == ["one"]
    assert (tmp_path / "h.db.damaged-1").exists()


def test_whoever_may_only_read_what_waits_cannot_bring_it_in(tmp_path: Path, waiting: Path) -> None:
    """So a record that waits is its owner's to write, and nobody else's to read."""
    location = tmp_path / "h.db"
    location.mkdir()

    keep(str(location), waiting, [ONE])

    assert [stat.S_IMODE(path.stat().st_mode) for path in waiting.iterdir()] == [0o600]
    assert stat.S_IMODE(waiting.stat().st_mode) == 0o700


def test_a_build_dated_in_the_future_is_one_of_today(tmp_path: Path, waiting: Path) -> None:
    later = BuildRecord(id="later", started=1e11, kind="trace")

    keep(str(tmp_path / "h.db"), waiting, [later], now=5.0)
    keep(str(tmp_path / "h.db"), waiting, [BuildRecord(id="next", started=6.0)], now=6.0)

    assert ids(tmp_path / "h.db") == ["next", "later"]
