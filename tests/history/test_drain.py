"""What waits in the spool gets into the database once, and stays where it is until it is there."""

import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lamina.history import rows
from lamina.history import spooled as spooled_module
from lamina.history.database import open_history
from lamina.history.document import record_to_text
from lamina.history.drain import drain
from lamina.history.migrations import VERSION
from lamina.history.query import Wanted
from lamina.history.record import BuildRecord
from lamina.history.rows import BuildRow
from lamina.history.spool import SpoolWriter
from lamina.history.spooled import entries
from tests.history.builds import build
from tests.history.test_spool import WHOLE, write
from tests.history.test_sqlite import add, ids


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "history.db.spool"
    folder.mkdir()
    return folder


def spooled(folder: Path, *names: str) -> None:
    for name in names:
        write(folder, name, WHOLE.replace(b'"b1"', f'"{name}"'.encode()))


def test_builds_move_into_the_database(database: Path, spool: Path) -> None:
    spooled(spool, "aa", "bb")

    assert drain(str(database), spool) == ()

    assert sorted(ids(database)) == ["aa", "bb"]
    assert entries(spool) == []


def test_a_running_build_stays_until_it_has_ended(database: Path, spool: Path) -> None:
    spooled(spool, "aa")
    writer = SpoolWriter(spool, "bb", {})

    drain(str(database), spool)
    assert ids(database) == ["aa"]

    writer.close()
    drain(str(database), spool)
    assert sorted(ids(database)) == ["aa", "bb"]


def test_a_build_that_is_read_twice_is_added_once(database: Path, spool: Path) -> None:
    """A crash between the database's commit and the end of the file makes that happen."""
    spooled(spool, "aa")
    drain(str(database), spool)
    spooled(spool, "aa")

    assert drain(str(database), spool) == ()
    assert ids(database) == ["aa"]


def test_a_record_that_no_database_took_is_taken_now(database: Path, spool: Path) -> None:
    (spool / "cc.record").write_text(record_to_text(build("cc", 5.0)))

    assert drain(str(database), spool) == ()

    assert ids(database) == ["cc"]
    assert entries(spool) == []


def test_a_file_that_cannot_be_read_is_named_once_and_kept(database: Path, spool: Path) -> None:
    write(spool, "aa", b"\0" * 100)
    spooled(spool, "bb")

    first, second = drain(str(database), spool), drain(str(database), spool)

    assert len(first) == 1
    assert "cannot be read" in first[0]
    assert second == ()
    assert ids(database) == ["bb"]
    assert (spool / "aa.damaged").exists()


def test_builds_wait_while_somebody_else_writes(database: Path, spool: Path) -> None:
    add(database, "old")
    spooled(spool, "aa", "bb")
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")

        (notice,) = drain(str(database), spool, patience_s=0.05)

    assert notice == f"2 builds wait in {spool}: somebody else writes the history"
    assert len(entries(spool)) == 2
    assert drain(str(database), spool) == ()
    assert len(ids(database)) == 3


def test_builds_wait_for_the_lamina_that_wrote_the_database(database: Path, spool: Path) -> None:
    add(database, "old")
    with closing(sqlite3.connect(database)) as newer:
        newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    spooled(spool, "aa")

    (notice,) = drain(str(database), spool)

    assert "newer Lamina" in notice
    assert len(entries(spool)) == 1


def test_a_damaged_database_is_set_aside_and_a_new_one_begins(database: Path, spool: Path) -> None:
    database.write_bytes(b"no database" * 1000)
    spooled(spool, "aa")

    (notice,) = drain(str(database), spool)

    assert notice == (
        f"the history was damaged: it is {database}.damaged-1 now, and a new one begins"
    )
    assert ids(database) == ["aa"]
    assert Path(f"{database}.damaged-1").read_bytes() == b"no database" * 1000


def test_a_build_that_the_database_refuses_keeps_no_other_waiting(
    database: Path, spool: Path
) -> None:
    add(database, "old")
    with closing(sqlite3.connect(database)) as strict:
        strict.execute(
            "CREATE TRIGGER no BEFORE INSERT ON builds WHEN new.id = 'bb'"
            " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    spooled(spool, "aa", "bb", "cc")

    (notice,) = drain(str(database), spool)

    assert "cannot be recorded (cannot use the history: not this one)" in notice
    assert sorted(ids(database)) == ["aa", "cc", "old"]
    assert entries(spool) == []
    assert (spool / "bb.damaged").exists()


def test_a_folder_that_refuses_keeps_everything(tmp_path: Path, spool: Path) -> None:
    spooled(spool, "aa")
    (tmp_path / "file").write_text("")

    (notice,) = drain(str(tmp_path / "file" / "history.db"), spool)

    assert "cannot use the history" in notice
    assert len(entries(spool)) == 1


def test_a_server_that_is_away_keeps_everything(spool: Path) -> None:
    spooled(spool, "aa")

    (notice,) = drain("postgresql://me:hunter2@127.0.0.1:1/x", spool, patience_s=1)

    assert notice.startswith(f"1 builds wait in {spool}: cannot use the history on the server")
    assert "hunter2" not in notice
    assert len(entries(spool)) == 1


def test_a_distribution_that_is_missing_keeps_everything(spool: Path) -> None:
    spooled(spool, "aa")
    code = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from pathlib import Path; from lamina.history.drain import drain\n"
        f"print(*drain('postgresql://127.0.0.1:1/x', Path({str(spool)!r})))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "needs SQLAlchemy and psycopg" in done.stdout
    assert len(entries(spool)) == 1


def test_many_that_drain_at_once_lose_and_double_nothing(database: Path, spool: Path) -> None:
    spooled(spool, *(f"b{number}" for number in range(40)))
    notices: list[str] = []

    def work() -> None:
        notices.extend(drain(str(database), spool))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(ids(database)), notices, entries(spool)) == (40, [], [])


def test_a_build_does_not_wait_for_somebody_who_drains(database: Path, spool: Path) -> None:
    spooled(spool, "aa")
    folder = os.open(spool, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)

        assert drain(str(database), spool, waits=False) == ()
    finally:
        os.close(folder)
    assert len(entries(spool)) == 1


def test_builds_that_wait_are_measured_in_the_order_they_were_made(
    database: Path, spool: Path
) -> None:
    for number, name in enumerate(("zz", "mm", "aa")):
        later = WHOLE.replace(b'"b1"', f'"{name}"'.encode())
        for time in range(100, 116):
            later = later.replace(
                f'"time": {time}'.encode(), f'"time": {time + 100 * number}'.encode()
            )
        write(spool, name, later)

    drain(str(database), spool)

    with open_history(str(database)) as history:
        found = history.rows(Wanted())
    assert [row.id for row in found] == ["aa", "mm", "zz"]
    assert [row.reuse for row in found] == [1, 1, None]


def test_nothing_is_made_where_nothing_waits(database: Path, tmp_path: Path) -> None:
    assert drain(str(database), tmp_path / "none") == ()
    assert not database.exists()


def test_an_id_that_no_database_takes_is_put_aside(database: Path, spool: Path) -> None:
    (spool / "x.record").write_text('{"schema":1,"id":"\\udc80","started":5}')
    spooled(spool, "bb")

    (notice,) = drain(str(database), spool)

    assert "cannot be read" in notice
    assert ids(database) == ["bb"]
    assert (spool / "x.damaged").exists()


def test_a_build_that_stops_us_costs_the_others_nothing(
    database: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that nobody thought of."""

    def row_of(record: BuildRecord, *others: Any) -> BuildRow:
        if record.id == "bb":
            raise ZeroDivisionError
        return rows.row_of(record, *others)

    monkeypatch.setattr("lamina.history.database.row_of", row_of)
    spooled(spool, "aa", "bb", "cc")

    (notice,) = drain(str(database), spool)

    path = spool / "bb.events"
    assert notice == f"a build cannot be recorded (ZeroDivisionError), and is passed over: {path}"
    assert sorted(ids(database)) == ["aa", "cc"]
    assert [entry.name for entry in spool.iterdir()] == ["bb.damaged"]
    assert drain(str(database), spool) == ()


def test_a_file_whose_reading_stops_us_is_put_aside(
    database: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_entry(path: Path, data: bytes) -> BuildRecord | None:
        if path.stem == "aa":
            raise ZeroDivisionError
        return spooled_module.read_entry(path, data)

    monkeypatch.setattr("lamina.history.drain.read_entry", read_entry)
    spooled(spool, "aa", "bb")

    (notice,) = drain(str(database), spool)

    assert "cannot be read" in notice
    assert ids(database) == ["bb"]
    assert (spool / "aa.damaged").exists()


def test_a_place_that_stops_us_keeps_everything(
    database: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no build's fault, so none is put aside; and its words may hold a password."""

    def open_history(*_: object, **__: object) -> None:
        raise ValueError("hunter2")

    monkeypatch.setattr("lamina.history.drain.open_history", open_history)
    spooled(spool, "aa", "bb")

    (notice,) = drain(str(database), spool)

    assert notice == f"2 builds wait in {spool}: ValueError"
    assert len(entries(spool)) == 2


def test_an_address_that_cannot_be_read_keeps_everything(spool: Path) -> None:
    spooled(spool, "aa", "bb")

    (notice,) = drain("postgresql://me:hunter2@db:port/x", spool)

    assert "the address of the history's server cannot be read" in notice
    assert "hunter2" not in notice
    assert len(entries(spool)) == 2


def test_damaged_costs_stop_no_build(database: Path, spool: Path) -> None:
    spooled(spool, "aa")
    drain(str(database), spool)
    with closing(sqlite3.connect(database)) as damaging, damaging:
        assert damaging.execute("UPDATE costs SET runs = '[[1]]'").rowcount
    spooled(spool, "bb")

    assert drain(str(database), spool) == ()
    assert sorted(ids(database)) == ["aa", "bb"]
