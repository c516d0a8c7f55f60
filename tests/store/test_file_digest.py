"""A large file of a project is read once, until it changes."""

import hashlib
import os
from pathlib import Path

import pytest

from lamina.errors import ProjectError
from lamina.store.file_digest import LARGE, file_facts, forget_facts
from lamina.store.store import Store


class Disk:
    """A large file, the store, a clock that is an hour ahead, and what was hashed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = Store.open(folder / "store")
        self.path = folder / "model.bin"
        self.path.write_bytes(b"1" * LARGE)
        self.hashed = 0
        self.late_s = 3600.0
        digest = hashlib.file_digest

        def spy(*arguments: object) -> object:
            self.hashed += 1
            return digest(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr("lamina.store.file_digest.hashlib.file_digest", spy)

    def look(self) -> str:
        """Ask for the digest, and say whether it is right."""
        facts = file_facts(self.path, self.store, lambda: self.path.stat().st_ctime + self.late_s)
        data = self.path.read_bytes()
        assert facts.size == len(data)
        return "right" if facts.digest.hex == hashlib.sha256(data).hexdigest() else "wrong"


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(tmp_path, monkeypatch)


def test_a_file_that_nobody_touched_is_not_read_again(disk: Disk) -> None:
    assert [disk.look() for _ in range(3)] == ["right"] * 3

    assert disk.hashed == 1


def test_an_edit_is_seen_though_size_and_modification_time_are_as_before(disk: Disk) -> None:
    disk.look()
    status = disk.path.stat()
    disk.path.write_bytes(b"2" * LARGE)
    os.utime(disk.path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert disk.look() == "right"


def test_a_file_put_in_the_place_of_another_is_seen(disk: Disk) -> None:
    disk.look()
    other = disk.path.with_name("other.bin")
    other.write_bytes(b"2" * LARGE)
    other.rename(disk.path)

    assert disk.look() == "right"


def test_what_has_just_changed_is_not_believed_to_stay(disk: Disk) -> None:
    """Two edits may fall into one tick of the clock that stamps files."""
    disk.late_s = 1.0

    disk.look()
    disk.look()

    assert disk.hashed == 2


def test_a_digest_that_proved_wrong_is_computed_again(disk: Disk) -> None:
    disk.look()

    forget_facts(disk.path, disk.store)
    disk.look()

    assert disk.hashed == 2


def test_small_files_leave_nothing_in_the_store(disk: Disk) -> None:
    disk.path.write_bytes(b"small")

    disk.look()
    disk.look()

    assert disk.hashed == 2


def test_whether_a_file_is_a_program_is_always_looked_at(disk: Disk) -> None:
    def is_executable() -> bool:
        return file_facts(disk.path, disk.store, lambda: 9e9).is_executable

    before = is_executable()
    disk.path.chmod(0o755)

    assert [before, is_executable()] == [False, True]


def test_a_file_that_cannot_be_read_is_named(disk: Disk) -> None:
    disk.path.unlink()

    with pytest.raises(ProjectError, match="No such file") as caught:
        file_facts(disk.path, disk.store, lambda: 0.0)

    assert caught.value.where == str(disk.path)
