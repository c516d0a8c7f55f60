"""A changed line of a lock is looked up alone."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from lamina.lock.lines import independent_lines
from lamina.lock.read import LockSource, read_changed
from lamina.lock.target import Target
from lamina.lock.uv import Uv
from lamina.oci.platform import Platform

TARGET = Target(
    platform=Platform.parse("linux/amd64"), python="3.11", python_full="3.11.2", glibc=(2, 36)
)
HASH = {name: f"sha256:{letter * 64}" for name, letter in (("one", "1"), ("two", "2"))}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answering(Uv):
    """Answers for every line that it is asked, and remembers which those were."""

    program: str = "none"
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    asked: list[str] = dataclasses.field(default_factory=list)

    def resolve(
        self,
        requirements: Path,
        target: Target,  # noqa: ARG002 - it answers the same for all
        *,
        with_dependencies: bool,  # noqa: ARG002
        directory: Path | None = None,  # noqa: ARG002
    ) -> str:
        names = [line.partition("==")[0] for line in requirements.read_text().splitlines()]
        self.asked.extend(names)
        return 'lock-version = "1.0"\ncreated-by = "test"\n' + "".join(map(_package, names))


def _package(name: str) -> str:
    code = HASH[name].removeprefix("sha256:")
    return (
        f'[[packages]]\nname = "{name}"\nversion = "1.0"\nwheels = [{{ '
        f'url = "https://files.invalid/{name}-1.0-py3-none-any.whl", size = 3, '
        f'hashes = {{ sha256 = "{code}" }} }}]\n'
    )


def lock_of(names: Sequence[str]) -> LockSource:
    text = "".join(f"{name}==1.0 --hash={HASH[name]}\n" for name in names)
    return LockSource(path=Path("requirements.txt"), text=text, is_pinned=True)


def test_only_a_new_line_is_asked_for() -> None:
    uv = Answering()
    _, known = read_changed(lock_of(["one"]), TARGET, uv, {})

    lock, _ = read_changed(lock_of(["two", "one"]), TARGET, uv, known)

    assert uv.asked == ["one", "two"]
    assert [wheel.name for wheel in lock.wheels] == ["one", "two"]


def test_what_is_known_makes_the_same_lock_as_asking() -> None:
    lock, known = read_changed(lock_of(["one", "two"]), TARGET, Answering(), {})

    again, _ = read_changed(lock_of(["one", "two"]), TARGET, Answering(), known)

    assert again == lock


def test_a_line_that_left_is_forgotten() -> None:
    _, known = read_changed(lock_of(["one", "two"]), TARGET, Answering(), {})

    lock, rows = read_changed(lock_of(["one"]), TARGET, Answering(), known)

    assert [wheel.name for wheel in lock.wheels] == ["one"]
    assert len(rows) == 1


def test_a_line_for_another_platform_is_not_asked_for() -> None:
    text = f"one==1.0 ; platform_machine == 'aarch64' --hash={HASH['one']}\n"

    assert independent_lines(text, TARGET, name="requirements.txt") == {}


@pytest.mark.parametrize(
    "line", ["--index-url https://i.invalid/", "--find-links wheels", "a @ file:///a-1.whl"]
)
def test_lines_that_depend_on_others_are_read_together(line: str) -> None:
    hashed = f"{line} --hash={HASH['one']}" if "@" in line else line
    text = f"{hashed}\none==1.0 --hash={HASH['one']}\n"

    assert independent_lines(text, TARGET, name="requirements.txt") is None
