"""What other machines selected is used as what this one selected would be, and no further."""

from pathlib import Path

import pytest

from lamina.bases import debian_archive
from lamina.bases.debian import DebianBase
from lamina.bases.debian_archive import DebianArchive
from lamina.layer.memo import NoMemo
from lamina.plan.plan import BaseImage
from lamina.steps import Step, silent_step
from lamina.store.store import Store
from lamina.testing.debian_archive import ToyArchive, ToyPackage, minimal_base
from tests.bases.test_debian import AMD64
from tests.bases.test_debian_archive import NOW, Client


class SharedMemo(NoMemo):
    """Remembers facts, for every machine that has it."""

    remembers = True

    def __init__(self) -> None:
        self.facts: dict[tuple[str, str], object] = {}

    def find_fact(self, topic: str, key: str, step: Step) -> object:  # noqa: ARG002
        return self.facts.get((topic, key))

    def keep_fact(
        self, topic: str, key: str, value: object, *, since: float = 0.0, file: Path | None = None
    ) -> None:
        del since, file
        self.facts[topic, key] = value


def archive(folder: Path, *, version: str) -> ToyArchive:
    folder.mkdir()
    toy = ToyArchive(folder, uri=f"http://{folder.name}.invalid/debian")
    toy.sources_file()
    toy.publish([*minimal_base(), ToyPackage(name="more", version=version)])
    return toy


class Machine:
    def __init__(self, folder: Path, toy: ToyArchive, memo: SharedMemo) -> None:
        self.toy, self.memo = toy, memo
        self.store = Store.open(folder)

    def resolve(self, *, offline: bool = False) -> BaseImage:
        base = DebianBase(
            self.store,
            lambda: DebianArchive(
                self.store, Client(self.toy), clock=lambda: NOW, apt_root=self.toy.directory
            ),
            memo=NoMemo() if offline else self.memo,
            clock=lambda: NOW,
            offline=offline,
        )
        return base.resolve("debian:toy", AMD64, ("more",), silent_step())


@pytest.fixture(autouse=True)
def _no_helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian_archive, "HELPER", tmp_path / "no helper")


def test_a_machine_takes_over_what_another_selected_from_the_same_archive(tmp_path: Path) -> None:
    memo, toy = SharedMemo(), archive(tmp_path / "archive", version="1")
    first = Machine(tmp_path / "one", toy, memo).resolve()
    toy.publish([])  # nothing could be selected from it any more

    second = Machine(tmp_path / "two", toy, memo).resolve()

    assert second == first


def test_what_was_taken_over_is_there_offline(tmp_path: Path) -> None:
    memo, toy = SharedMemo(), archive(tmp_path / "archive", version="1")
    Machine(tmp_path / "one", toy, memo).resolve()
    machine = Machine(tmp_path / "two", toy, memo)
    found = machine.resolve()

    assert machine.resolve(offline=True) == found


def test_a_machine_with_another_archive_selects_for_itself(tmp_path: Path) -> None:
    """Who points apt at the mirror of one day gets that day's packages."""
    memo = SharedMemo()
    Machine(tmp_path / "one", archive(tmp_path / "new", version="2"), memo).resolve()

    pinned = Machine(tmp_path / "two", archive(tmp_path / "old", version="1"), memo).resolve()

    assert [package.version for package in pinned.system_packages] == ["1"]
