"""Weigh the wheels of a lock, several at once, and remember what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lamina.layer.venv import Venv
from lamina.layer.zip_directory import Ranged, ZipDirectory
from lamina.lock.lock import LockedWheel
from lamina.parallel import map_ordered
from lamina.steps import Step
from lamina.store.store import Store
from lamina.weigh.read import read_weight
from lamina.weigh.weight import Weight

_MEMORY = 3
"""Raised when what is remembered of a wheel changes, or how it is found out."""

_TOPIC = "weight"


class Opener(Protocol):
    """Opens wheels wherever they are."""

    def open(self, wheel: LockedWheel, step: Step) -> Ranged:
        """Open a wheel; the caller closes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Weights in the order of the wheels, and what it took to know them.

    ``fetched`` are the bytes that came over the network; ``remembered`` counts the wheels that
    nothing was read of.
    """

    weights: tuple[Weight, ...]
    fetched: int
    remembered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """Weighs wheels for one environment.

    What the store remembers came from directories that nothing vouches for: it is for weighing
    alone, and no build reads it.
    """

    opener: Opener
    store: Store
    venv: Venv
    workers: int

    def weigh(self, wheels: Sequence[LockedWheel], step: Step) -> Survey:
        """Weigh each wheel.

        Raises ``NetworkError`` for one that cannot be read, ``ArchiveError`` for one that could
        not be installed.
        """
        with step:
            found = map_ordered(lambda wheel: self._one(wheel, step), wheels, workers=self.workers)
        return Survey(
            weights=tuple(weight for weight, _ in found),
            fetched=sum(fetched or 0 for _, fetched in found),
            remembered=sum(fetched is None for _, fetched in found),
        )

    def _one(self, wheel: LockedWheel, step: Step) -> tuple[Weight, int | None]:
        key = f"{_MEMORY} {wheel.digest} {wheel.filename} {self.venv.prefix} {self.venv.python}"
        known = self.store.recall(_TOPIC, key)
        if isinstance(known, dict):
            return Weight.from_json(known), None
        source = self.opener.open(wheel, step)
        with ZipDirectory(source, name=wheel.filename) as zip_:
            weight = read_weight(zip_, wheel.filename, self.venv)
            fetched = source.fetched
        self.store.remember(_TOPIC, key, weight.to_json())
        return weight, fetched
