"""DebianSelection: the exact packages of a base, as a value that can be locked and cached."""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, get_args

from lamina.debian.ld_cache import Architecture
from lamina.errors import LockError

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPackage:
    """One package of one archive.

    ``archive`` is ``suite/component``: a key to look the archive's address up with in the host's
    apt configuration, so that a lock holds no host names.  ``path`` is relative to that address.
    ``whole`` packages lose only their documentation, others also what a base never uses.
    """

    name: str
    version: str
    architecture: str
    archive: str
    path: str
    size: int
    sha256: str
    control: str
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianSelection:
    """The packages of the base, and those that the extra packages add, sorted by name.

    ``system`` may repeat a package of the base, then ``whole``.  ``released`` has the Date of
    each suite's Release, in seconds since the epoch.  ``notes`` are for people.
    """

    suite: str
    version_id: str
    architecture: Architecture
    python: str
    glibc: str
    base: tuple[DebianPackage, ...]
    system: tuple[DebianPackage, ...] = ()
    released: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    def to_json(self) -> str:
        """Return the selection as JSON, equal for equal selections."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "DebianSelection":
        """Read what ``to_json`` wrote; raise ``LockError`` for anything else."""
        try:
            values: dict[str, Any] = json.loads(text)
            base, system = (
                tuple(_package(item) for item in values.pop(which)) for which in ("base", "system")
            )
            released = tuple((str(suite), int(date)) for suite, date in values.pop("released"))
            notes = tuple(str(note) for note in values.pop("notes"))
            selection = cls(base=base, system=system, released=released, notes=notes, **values)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise LockError(
                "the locked Debian packages cannot be read",
                hint="lock the base again",
                why=str(error),
            ) from error
        return _checked(selection)


def _package(item: dict[str, Any]) -> DebianPackage:
    package = DebianPackage(**item)
    path = PurePosixPath(package.path)
    if path.is_absolute() or ".." in path.parts or not _SHA256.fullmatch(package.sha256):
        raise ValueError(f"{package.name}: path or sha256")
    size: object = package.size
    if not isinstance(size, int) or "/" not in package.archive:
        raise ValueError(f"{package.name}: size or archive")
    return package


def _checked(selection: DebianSelection) -> DebianSelection:
    texts: tuple[object, ...] = (selection.suite, selection.version_id, selection.python)
    if not all(isinstance(text, str) for text in (*texts, selection.glibc)):
        raise LockError("the locked Debian packages cannot be read", hint="lock the base again")
    if selection.architecture not in get_args(Architecture):
        raise LockError(f"there is no architecture {selection.architecture!r}")
    return selection
