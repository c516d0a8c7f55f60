"""Traced builds get into the history, now or later."""

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
    assert not waiting.exists()


def test_what_cannot_be_added_waits_and_is_added_the_next_time(
    tmp_path: Path, waiting: Path
) -> None:
    location = tmp_path / "h.db"
    location.mkdir()  # no database can be there

    (notice,) = keep(str(location), waiting, [ONE])

    location.rmdir()
    assert f"they wait in {waiting}" in notice
    assert keep(str(location), waiting, [TWO]) == ()
    assert ids(location) == ["two", "one"]
    assert list(waiting.iterdir()) == []


def test_a_build_that_can_be_kept_nowhere_is_said_to_be_lost(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    (notice,) = keep(str(file / "h.db"), file / "waiting", [ONE])

    assert "they are lost" in notice


def test_a_file_that_is_no_record_is_left_alone(tmp_path: Path, waiting: Path) -> None:
    waiting.mkdir()
    (waiting / "x.record").write_text("{")

    assert keep(str(tmp_path / "h.db"), waiting, [ONE]) == ()
    assert (waiting / "x.record").exists()
