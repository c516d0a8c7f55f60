"""A lock's history for whoever learns from it: git's texts as pins, and the sizes that are here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lamina.cli.environment import child_environment
from lamina.errors import ImageError, LockError
from lamina.lock.past import Pin, past_pins
from lamina.lock.revisions import revisions
from lamina.lock.target import Target
from lamina.oci.digest import Digest
from lamina.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LockHistory:
    """What each known revision of a lock pins, the newest first: the file as it is now.

    ``notes`` say, for people, why there are no more.
    """

    pins: tuple[Mapping[str, Pin], ...] = ()
    notes: tuple[str, ...] = ()
    is_shallow: bool = False


def lock_history(path: Path | None, target: Target) -> LockHistory:
    """Read the lock at ``path`` and what git remembers of it; never fails."""
    if path is None:
        return LockHistory(notes=("the project has no lock",))
    found = revisions(path, child_environment())
    notes = [found.note] if found.note else []
    texts = dict.fromkeys((_read(path), *found.texts[:1]))  # committed as it is: one revision
    history = [_pins(text, target, path.name) for text in (*texts, *found.texts[1:])]
    readable = tuple(pins for pins in history if pins is not None)
    if len(readable) < len(history):
        notes.append(f"{len(history) - len(readable)} revisions of {path.name} cannot be read")
    return LockHistory(pins=readable, notes=tuple(notes), is_shallow=found.is_shallow)


def sizes_in(store: Store) -> Callable[[str], int | None]:
    """Tell the sizes of the wheels that the store has, by their hashes."""

    def size_of(code: str) -> int | None:
        try:
            return store.wheel_path(Digest.parse(code)).stat().st_size
        except (ImageError, OSError):
            return None

    return size_of


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return ""


def _pins(text: str, target: Target, name: str) -> Mapping[str, Pin] | None:
    try:
        return past_pins(text, target, name=name)
    except LockError:
        return None
