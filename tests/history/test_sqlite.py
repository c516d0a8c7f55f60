"""A history in an SQLite file: safe from others, from a newer Lamina, and from damage."""

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from lamina.errors import StoreError
from lamina.history.database import History, open_history
from lamina.history.migrations import MIGRATIONS, VERSION
from lamina.history.query import Wanted
from lamina.history.rows import COLUMNS
from lamina.history.sqlite_file import DamagedHistoryError, set_aside
from tests.history.builds import build
from tests.history.conformance import HistoryConformance, OpenHistory


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.db"


@pytest.fixture
def open_history_at(path: Path) -> OpenHistory:
    return lambda: open_history(str(path))


class TestSqlite(HistoryConformance):
    """All that every history does.

    With more patience than a build has: on a disk that takes a second to sync, writers queue.
    """

    @pytest.fixture
    def open_history(self, path: Path) -> OpenHistory:
        return lambda: open_history(str(path), patience_s=60.0)


def add(path: Path, id_: str = "aa", started: float = 1.0) -> None:
    with open_history(str(path), patience_s=0.1) as history:
        history.add([build(id_, started)])


def ids(path: Path) -> list[str]:
    with open_history(str(path)) as history:
        return [row.id for row in history.rows(Wanted())]


def test_nobody_else_may_look_into_it(path: Path) -> None:
    add(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_is_written_ahead_so_that_readers_never_wait(path: Path) -> None:
    add(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        writer.execute("BEGIN IMMEDIATE")

        assert ids(path) == ["aa"]


def test_a_history_that_somebody_else_writes_is_busy(path: Path) -> None:
    add(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreError, match="somebody else writes"):
            add(path, "bb")


def test_a_history_of_a_newer_lamina_is_left_alone(path: Path) -> None:
    add(path)
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()

    with pytest.raises(StoreError, match="newer Lamina") as caught:
        add(path, "bb")

    assert not isinstance(caught.value, DamagedHistoryError)
    assert path.read_bytes() == before


def test_somebody_elses_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE builds (x)")

    with pytest.raises(StoreError, match="something else"):
        add(path)


@pytest.mark.parametrize("damage", ["text", "header", "truncated", "tables"])
def test_damage_is_recognised_and_can_be_set_aside(path: Path, damage: str) -> None:
    for number in range(20):
        add(path, f"a{number}", float(number))
    match damage:
        case "text":
            path.write_text("once upon a time there was a database, and it was no database\n" * 50)
        case "header":
            path.write_bytes(b"\xff" * 100 + path.read_bytes()[100:])
        case "truncated":
            path.write_bytes(path.read_bytes()[:5000])
        case "tables":
            with closing(sqlite3.connect(path)) as broken:
                broken.execute("DROP TABLE builds")
        case _:
            pytest.fail(damage)

    with pytest.raises(DamagedHistoryError, match="damaged"):
        add(path, "bb")
    aside = set_aside(path)
    add(path, "cc")

    assert aside.exists()
    assert ids(path) == ["cc"]


def test_a_history_of_version_1_is_carried_over(path: Path) -> None:
    """Its steps' costs are kept, as if the last build had had them all."""
    words = {"real": "REAL", "blob": "BLOB", "builds": "builds", "costs": "costs"}
    add(path, "aa", 7.0)
    with closing(sqlite3.connect(path)) as new:
        row = new.execute("SELECT * FROM builds").fetchone()
    path.unlink()
    with closing(sqlite3.connect(path)) as old, old:
        for statement in MIGRATIONS[0]:
            old.execute(statement.format_map(words))
        old.execute(f"INSERT INTO builds VALUES ({', '.join('?' * len(row))})", row)
        for scope in (row[COLUMNS.index("scope")], "of no build"):
            old.execute('INSERT INTO costs VALUES (?, \'["","","a",0]\', \'[[7,2]]\')', (scope,))
        old.execute("PRAGMA user_version = 1")

    with open_history(str(path)) as history:
        assert list(history.samples("build  ").values()) == [((7.0, 2.0),)]
        assert history.find("last").id == "aa"
    with closing(sqlite3.connect(path)) as new:
        seen = dict(new.execute("SELECT scope, seen FROM costs").fetchall())
    assert seen == {"build  ": 7.0, "of no build": 0.0}


def test_an_empty_file_is_a_new_history(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    add(path)

    assert ids(path) == ["aa"]


def test_several_damaged_histories_get_several_names(path: Path) -> None:
    names = []
    for _ in range(3):
        path.parent.mkdir(exist_ok=True)
        path.write_text("x" * 2000)
        names.append(set_aside(path).name)

    assert names == [f"history.db.damaged-{number}" for number in (1, 2, 3)]


def test_a_folder_in_its_place_is_an_error(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(StoreError, match="cannot use the history"):
        add(path)


def test_a_file_in_the_place_of_its_folder_is_an_error(path: Path) -> None:
    path.parent.write_text("")

    with pytest.raises(StoreError, match="cannot use the history"):
        add(path)


def test_every_version_ever_released_leads_to_ours(path: Path) -> None:
    """A migration is never changed: this is what version 1 made."""
    assert len(MIGRATIONS) == VERSION
    add(path)
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name FROM pragma_table_info('builds')").fetchall()

    assert [name for (name,) in rows] == [*COLUMNS, "record"]


def test_two_that_make_the_tables_at_once_make_them_once(path: Path) -> None:
    code = f"from tests.history.test_sqlite import *; add(Path({str(path)!r}), str(os.getpid()))"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]

    codes = [process.wait() for process in processes]

    assert set(codes) <= {0, 1}  # 0.1 s of patience may not be enough
    assert len(ids(path)) == codes.count(0)


@pytest.fixture
def endless_writer(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that adds builds until it is killed, and says a line for each."""
    code = f"""
        import itertools
        from tests.history.test_sqlite import *
        for n in itertools.count():
            add(Path({str(path)!r}), f"a{{n}}", float(n))
            print(n, flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("delay_s", [0.0, 0.003, 0.011, 0.029])
def test_a_writer_that_is_killed_leaves_a_whole_history(
    path: Path, endless_writer: "subprocess.Popen[str]", delay_s: float
) -> None:
    assert endless_writer.stdout is not None
    for _ in range(5):
        endless_writer.stdout.readline()
    time.sleep(delay_s)

    endless_writer.kill()
    rest = endless_writer.stdout.read().split()

    done = 5 + len(rest)
    assert len(ids(path)) in {done, done + 1}
    add(path, "after", 1e9)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount read-only")
def test_a_history_on_a_read_only_disk_can_be_read(path: Path) -> None:
    add(path)
    code = f"""
        from tests.history.test_sqlite import *
        print(ids(Path({str(path)!r})))
        try:
            add(Path({str(path)!r}), "bb")
        except StoreError as error:
            print(error)
    """
    script = (
        f'mount --bind {path.parent} {path.parent}; mount -o remount,ro,bind {path.parent}; "$@"'
    )

    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-c",
         textwrap.dedent(code)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    first, second = done.stdout.splitlines()
    assert first == "['aa']"
    assert "readonly database" in second


def test_the_file_gets_smaller_when_builds_are_removed(path: Path) -> None:
    noise = [sha256(str(n).encode()).hexdigest() for n in range(200)]
    with open_history(str(path)) as history:
        history.add(build(f"b{n}", float(n), fingerprint=[*noise, n]) for n in range(200))
        full = history.size()
        history.remove([f"b{n}" for n in range(190)])
        holding = history.size()

        history.compact()

        assert history.size() < full / 10 < holding
        assert history.size() == path.stat().st_size
    assert len(ids(path)) == 10


def test_ten_thousand_builds_are_listed_in_a_moment(path: Path) -> None:
    with open_history(str(path)) as history:
        history.add(build(f"{n:05}", float(n), names=("shop:1",)) for n in range(10_000))
        began = time.perf_counter()
        rows = history.rows(Wanted(image="shop"))
        took = time.perf_counter() - began

    assert len(rows) == 10_000
    assert took < 1


def test_the_history_of_a_library_user_is_closed_at_the_end(path: Path) -> None:
    history: History = open_history(str(path))
    with history:
        pass

    with pytest.raises(StoreError):
        history.rows(Wanted())


def test_whoever_opens_a_new_history_waits_for_somebody_who_writes_it(path: Path) -> None:
    """SQLite does not wait by itself when a file is to be written ahead from now on."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.3, writer.execute, ("ROLLBACK",))
        timer.start()
        try:
            with open_history(str(path), patience_s=5) as history:
                history.add([build("aa", 1.0)])
        finally:
            timer.join()

    assert ids(path) == ["aa"]


def test_it_waits_no_longer_than_its_patience(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        began = time.monotonic()

        with pytest.raises(StoreError, match="somebody else writes"):
            add(path)

    assert 0.1 <= time.monotonic() - began < 2
