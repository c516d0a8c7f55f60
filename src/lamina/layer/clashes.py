"""Clashes: paths of two owners, where it must not matter which of them comes last; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lamina.errors import InputError
from lamina.layer.contents import Item

DROP_ONE: Final = "drop one of the two distributions from the requirements"
_SHOWN: Final = 20
_EXECUTE: Final = 0o111


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A path with its two owners; ``is_program`` says that only one of them may execute it."""

    path: str
    one: str
    other: str
    is_program: bool = False

    @property
    def line(self) -> str:
        """Say it in a line."""
        how = ", only one of which may be executed" if self.is_program else ""
        return f"/{self.path} comes from {self.one} and from {self.other}{how}"


def is_same(one: Item, other: Item) -> bool:
    """Compare what is at a path; a file of a wheel may be a hard link to a twin of it."""
    if one.digest and other.digest:
        return one.digest == other.digest
    return (one.kind, one.target) == (other.kind, other.target)


def loses_execute_bit(kept: Item, dropped: Item) -> bool:
    """Say whether somebody may execute the file that is dropped, and nobody the equal one."""
    return bool(dropped.digest and dropped.mode & _EXECUTE and not kept.mode & _EXECUTE)


def clash_error(clashes: Sequence[Clash]) -> InputError:
    """Make the error that names them, the first twenty at least."""
    what = "contents" if any(not clash.is_program for clash in clashes) else "modes"
    return InputError(
        f"{len(clashes)} paths have two owners with different {what}",
        why="\n".join(clash.line for clash in clashes[:_SHOWN]),
        hint=DROP_ONE,
    )
