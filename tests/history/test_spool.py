"""The spool: files of running builds are left alone, and what was torn is passed over."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.events import event_to_json
from lamina.history.record import BuildOutcome
from lamina.history.spool import DUE_FILES, SpoolWriter, is_due
from lamina.history.spooled import entries, finished_entry, record_of
from tests.history.builds import COLD, texts
from tests.history.test_sqlite import add

HEADER = b'{"spool":1,"id":"b1","engine":"native"}\n'
WHOLE = HEADER + b"".join(json.dumps(event_to_json(event)).encode() + b"\n" for event in COLD)


def write(folder: Path, id_: str = "b1", data: bytes = WHOLE) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{id_}.events"
    path.write_bytes(data)
    return path


def test_the_file_of_a_running_build_is_not_read(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, "b1", {})
    with finished_entry(writer.path) as data:
        assert data is None

    writer.close()
    with finished_entry(writer.path) as data:
        assert data == b'{"spool":1,"id":"b1"}\n'


def test_two_builds_of_one_name_do_not_share_a_file(tmp_path: Path) -> None:
    SpoolWriter(tmp_path, "b1", {}).close()
    (tmp_path / ".b1").touch()

    with pytest.raises(FileExistsError):
        SpoolWriter(tmp_path, "b1", {})


def test_the_file_of_a_killed_build_is_read(tmp_path: Path) -> None:
    code = f"""
        import os, signal
        from pathlib import Path
        from lamina.history.spool import SpoolWriter
        writer = SpoolWriter(Path({str(tmp_path)!r}), "b1", {{}})
        writer.write('{{"event":"StepStarted","step":"0","time":5,"name":""}}')
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)

    assert done.returncode == -signal.SIGKILL
    (path,) = entries(tmp_path)
    with finished_entry(path) as data:
        assert data is not None
        record = record_of(data)
    assert record is not None
    assert (record.outcome, record.started) == (BuildOutcome.INTERRUPTED, 5)


def test_nobody_else_may_read_what_a_build_said(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "a" / "spool", "b1", {})

    assert writer.path.stat().st_mode & 0o777 == 0o600
    assert writer.path.parent.stat().st_mode & 0o777 == 0o700


def test_programs_that_a_build_starts_do_not_keep_its_file_locked(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, "b1", {})
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    writer.close()

    with finished_entry(writer.path) as data:
        assert data is not None
    child.communicate(b"\n")


@given(st.integers(0, len(WHOLE)))
def test_a_file_that_was_torn_anywhere_is_read_as_far_as_it_goes(length: int) -> None:
    record = record_of(WHOLE[:length])

    assert (record is None) == (length < len(HEADER) - 1)


@given(st.lists(st.binary(max_size=30) | texts.map(str.encode), max_size=5), st.integers(0, 60))
def test_lines_that_make_no_sense_are_passed_over(junk: list[bytes], place: int) -> None:
    rows = WHOLE.split(b"\n")
    mixed = b"\n".join([rows[0], *rows[1:place], *junk, *rows[place + 1 :]])

    assert record_of(mixed) is not None


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b'{"id":7}', b'{"id":""}', b'{"id":"../../x"}', b'{"id":"a\\u0000"}'],
)
def test_a_file_without_a_build_is_none(line: bytes) -> None:
    assert record_of(line + b"\n") is None


def test_events_of_a_newer_lamina_are_passed_over() -> None:
    line = b'{"event":"MoonPhase","step":"0","time":100,"phase":"full"}\n'

    assert record_of(HEADER + line + WHOLE[len(HEADER) :]) == record_of(WHOLE)


def test_there_is_nothing_in_a_spool_that_is_not_there(tmp_path: Path) -> None:
    assert entries(tmp_path / "none") == []


def test_a_file_that_went_away_is_no_error(tmp_path: Path) -> None:
    with finished_entry(tmp_path / "none.events") as data:
        assert data is None


def test_only_a_long_build_has_the_time_to_bring_the_spool_in(tmp_path: Path) -> None:
    add(tmp_path / "history.db")
    spool = tmp_path / "spool"
    write(spool)

    assert not is_due(spool, tmp_path / "history.db", 0.2)
    assert is_due(spool, tmp_path / "history.db", 30.0)
    assert not is_due(spool, tmp_path / "none.db", 0.2)


def test_somebody_has_to_when_many_wait(tmp_path: Path) -> None:
    for number in range(DUE_FILES + 1):
        write(tmp_path, f"b{number}")

    assert is_due(tmp_path, tmp_path / "none.db", 0.2)


@pytest.mark.parametrize("header", [b"no database " * 10, b"SQLite format 3\0" + b"\xff" * 84])
def test_an_ailing_database_is_looked_after_at_once(tmp_path: Path, header: bytes) -> None:
    """Damaged, or of a newer Lamina: its user should hear of it from the next build."""
    write(tmp_path / "spool")
    (tmp_path / "history.db").write_bytes(header)

    assert is_due(tmp_path / "spool", tmp_path / "history.db", 0.2)


def test_a_folder_in_the_databases_place_is_ailing(tmp_path: Path) -> None:
    write(tmp_path / "spool")

    assert is_due(tmp_path / "spool", tmp_path, 0.2)
