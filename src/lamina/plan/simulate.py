"""Simulate: a lock's history replayed with one division into layers or another; pure."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lamina.lock.lock import LockedWheel
from lamina.lock.past import Pin
from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest

Wheels = tuple[LockedWheel, ...]
Divide = Callable[[Sequence[LockedWheel]], Sequence[Sequence[LockedWheel]]]
"""Puts wheels into layers, from the bottom up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The wheels of an image at each revision of its lock, the newest first, no two alike in a row.

    ``guessed`` names the versions whose size is taken from another version, ``left_out`` the
    distributions that the lock no longer has and whose size nothing tells.
    """

    states: tuple[Wheels, ...]
    guessed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Bytes of layers that each change moved, the oldest change first.

    A push sends what no earlier image had; a node pulls what the image before it had not, and
    unpacks that and all above it.
    """

    pushes: tuple[int, ...] = ()
    pulls: tuple[int, ...] = ()
    unpacks: tuple[int, ...] = ()


def past_wheels(
    wheels: Sequence[LockedWheel],
    history: Sequence[Mapping[str, Pin]],
    size_of: Callable[[str], int | None],
) -> Past:
    """Say which wheels earlier pins stood for, beginning with today's ``wheels``.

    ``history`` has the pins of each revision, the newest first: those of ``wheels``.  Where they
    pin more than that, as those of uv do for development, only ``wheels`` are followed.
    ``size_of`` tells the size of a file by its hash, ``sha256:…``, where it is known; nothing is
    fetched.
    """
    now = {wheel.name: wheel for wheel in wheels}
    pinned = history[0] if history else {}
    unpinned = {name: wheel for name, wheel in now.items() if name not in pinned}
    reading = _Reading(now, size_of)
    states = [now]
    for newer, older in pairwise(history):
        followed = older if pinned.keys() <= now.keys() else _only(older, now)
        states.append({**unpinned, **reading.state(states[-1], newer, followed)})
    different = [states[0], *(old for new, old in pairwise(states) if new != old)]
    return Past(
        states=tuple(tuple(state[name] for name in sorted(state)) for state in different),
        guessed=tuple(sorted(reading.guessed)),
        left_out=tuple(sorted(reading.left_out)),
    )


def replay(states: Sequence[Wheels], divide: Divide) -> Moved:
    """Count what moves as one image after the other is pushed; ``states`` are the newest first."""
    images = [[_layer(wheels) for wheels in divide(state)] for state in reversed(states)]
    seen = {id_ for id_, _ in images[0]} if images else set()
    pushes, pulls, unpacks = [], [], []
    for before, after in pairwise(images):
        had = {id_ for id_, _ in before}
        pushes.append(sum(size for id_, size in after if id_ not in seen))
        pulls.append(sum(size for id_, size in after if id_ not in had))
        same = [one == two for one, two in zip(before, after, strict=False)]
        kept = same.index(False) if False in same else len(same)
        unpacks.append(sum(size for _, size in after[kept:]))
        seen |= {id_ for id_, _ in after}
    return Moved(pushes=tuple(pushes), pulls=tuple(pulls), unpacks=tuple(unpacks))


def _only(pins: Mapping[str, Pin], names: Container[str]) -> dict[str, Pin]:
    return {name: pin for name, pin in pins.items() if name in names}


_Layer = tuple[tuple[Digest, ...], int]


def _layer(wheels: Sequence[LockedWheel]) -> _Layer:
    ordered = sorted(wheels, key=lambda wheel: wheel.name)
    return tuple(wheel.digest for wheel in ordered), sum(wheel.size for wheel in wheels)


class _Reading:
    """Makes wheels of pins, and remembers what it could not know."""

    def __init__(
        self, now: Mapping[str, LockedWheel], size_of: Callable[[str], int | None]
    ) -> None:
        self._now = now
        self._size_of = size_of
        self.guessed: set[str] = set()
        self.left_out: set[str] = set()

    def state(
        self, after: Mapping[str, LockedWheel], newer: Mapping[str, Pin], older: Mapping[str, Pin]
    ) -> dict[str, LockedWheel]:
        """Make the wheels of the ``older`` pins; those that did not change are ``after``'s."""
        found: dict[str, LockedWheel] = {}
        for name, pin in older.items():
            is_kept = name in after and name in newer and newer[name].is_same(pin)
            wheel = after[name] if is_kept else self._wheel(name, pin)
            if wheel is not None:
                found[name] = wheel
        return found

    def _wheel(self, name: str, pin: Pin) -> LockedWheel | None:
        now = self._now.get(name)
        if now is not None and any(file.code == str(now.digest) for file in pin.files):
            return now  # a version that was left, and taken again since
        size = self._known_size(pin, now)
        if size is None and now is None:
            self.left_out.add(name)
            return None
        if size is None:
            self.guessed.add(f"{name} {pin.version}")
        codes = sorted(file.code for file in pin.files)
        return LockedWheel(
            name=name,
            version=pin.version,
            filename=f"{name}-{pin.version}",
            digest=Digest.of(canonical_json([name, pin.version, codes])),
            size=now.size if size is None and now else size or 0,
        )

    def _known_size(self, pin: Pin, now: LockedWheel | None) -> int | None:
        """Find the size of the file that was installed: in the store, else in the lock."""
        stored = {size for file in pin.files if (size := self._size_of(file.code))}
        if len(stored) == 1:
            return stored.pop()
        tags = _tags(now.filename) if now else ("py3", "none", "any")
        return next((f.size for f in pin.files if f.size and _tags(f.name) == tags), None)


def _tags(filename: str) -> tuple[str, ...]:
    return tuple(filename.removesuffix(".whl").split("-")[-3:])
