"""A file appears under its name whole, or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.durable import incoming
from lamina.errors import ArchiveError, StoreError


def test_a_file_has_no_name_until_it_is_committed(tmp_path: Path) -> None:
    target = tmp_path / "blobs/one"

    with incoming(tmp_path / "ingest") as new:
        new.file.write(b"all of it")
        before = target.exists()
        new.commit(target)

    assert not before
    assert target.read_bytes() == b"all of it"
    assert target.stat().st_mode & 0o777 == 0o444
    assert list((tmp_path / "ingest").iterdir()) == []


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "one"
    target.write_bytes(b"old")

    def fail_half_way() -> None:
        with incoming(tmp_path / "ingest") as new:
            new.file.write(b"half of")
            raise ArchiveError("the wheel is broken")

    with pytest.raises(ArchiveError):
        fail_half_way()

    assert target.read_bytes() == b"old"
    assert list((tmp_path / "ingest").iterdir()) == []


def test_a_file_that_nobody_commits_disappears(tmp_path: Path) -> None:
    with incoming(tmp_path) as new:
        new.file.write(b"data")

    assert list(tmp_path.iterdir()) == []


def test_the_umask_does_not_decide_who_may_read(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        with incoming(tmp_path) as new:
            new.commit(tmp_path / "one", mode=0o644)
    finally:
        os.umask(old)

    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_refuses_is_named_with_its_reason(tmp_path: Path, code: int) -> None:
    with pytest.raises(StoreError) as caught, incoming(tmp_path / "ingest"):
        raise OSError(code, os.strerror(code))

    assert str(caught.value) == f"{tmp_path}/ingest: cannot write: {os.strerror(code)}"
    assert caught.value.exit_code == 4


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "ingest").write_text("")

    with pytest.raises(StoreError, match="cannot write"), incoming(tmp_path / "ingest"):
        pass


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()

    with pytest.raises(StoreError, match="cannot write"), incoming(tmp_path / "ingest") as new:
        new.commit(tmp_path / "one")
    assert list((tmp_path / "ingest").iterdir()) == []


def test_bytes_are_on_disk_before_the_name_and_the_name_before_the_call_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash can only show what was flushed (containerd's order of a commit)."""
    calls: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def flush(descriptor: int) -> None:
        calls.append("directory" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file")
        fsync(descriptor)

    def rename(path: Path, target: Path) -> Path:
        calls.append("rename")
        return replace(path, target)

    monkeypatch.setattr("lamina.durable.os.fsync", flush)
    monkeypatch.setattr(Path, "replace", rename)

    with incoming(tmp_path) as new:
        new.commit(tmp_path / "blob")
    with incoming(tmp_path) as new:
        new.commit(tmp_path / "row", durable=False)

    assert calls == ["file", "rename", "directory", "rename"]


def test_a_process_killed_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "one"
    target.write_bytes(b"old")
    code = f"""
import os, signal
from pathlib import Path
from lamina.durable import incoming
with incoming(Path({str(tmp_path / "ingest")!r})) as new:
    new.file.write(b"new" * 100_000)
    new.file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""

    done = subprocess.run([sys.executable, "-c", code], check=False)

    assert done.returncode == -9
    assert target.read_bytes() == b"old"
