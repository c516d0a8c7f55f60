"""Evidence: how often distributions changed in a lock's history, and what that makes likely; pure.

A history of ten changes says little about a distribution that never changed in them.  So what is
likely is a mixture: the history itself, in which what changed together counts once, and a few
imaginary changes in which every distribution is as likely to change as every other.  Without a
history only those are left, and a layer costs its size times its wheels.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from lamina.lock.past import Pin

_IMAGINED: Final = 4
"""How many changes the assumption is worth that all distributions change equally often."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Which of ``names`` changed in each change of the lock that is known, the newest first."""

    names: frozenset[str]
    changes: tuple[frozenset[str], ...] = ()

    def likelihood(self, names: Iterable[str]) -> float:
        """Estimate how likely the next change of the lock is to change any of ``names``."""
        chosen = list(names)
        mask = 0
        for name in chosen:
            mask |= self.mask(name)
        return self.likelihood_of(mask, len(chosen))

    def mask(self, name: str) -> int:
        """Return the changes of one distribution, a bit for each."""
        return self._masks.get(name, 0)

    def likelihood_of(self, mask: int, count: int) -> float:
        """Estimate the same for ``count`` distributions that changed as ``mask`` says."""
        return (mask.bit_count() + self._imagined[min(count, len(self.names))]) / (
            len(self.changes) + _IMAGINED
        )

    @cached_property
    def _masks(self) -> Mapping[str, int]:
        masks: dict[str, int] = dict.fromkeys(self.names, 0)
        for bit, changed in enumerate(self.changes):
            for name in changed & self.names:
                masks[name] |= 1 << bit
        return masks

    @cached_property
    def _imagined(self) -> Sequence[float]:
        """The imaginary changes that change any of so many distributions."""
        return [_IMAGINED * (1 - (1 - self._mean) ** n) for n in range(len(self.names) + 1)]

    @cached_property
    def _mean(self) -> float:
        """The part of the distributions that a change changes: one, where nothing is known."""
        every = len(self.names) or 1
        if not self.changes:
            return 1 / every
        return sum(mask.bit_count() for mask in self._masks.values()) / len(self.changes) / every


def learn(names: Iterable[str], history: Sequence[Mapping[str, Pin]]) -> Evidence:
    """Compare the pins of a lock's revisions, the newest first, each with the one before.

    Revisions that change none of ``names`` (a comment, another platform) are no changes.
    """
    wanted = frozenset(names)
    changes = (_changed(new, old) & wanted for new, old in pairwise(history))
    return Evidence(names=wanted, changes=tuple(changed for changed in changes if changed))


def _changed(new: Mapping[str, Pin], old: Mapping[str, Pin]) -> frozenset[str]:
    both = new.keys() & old.keys()
    replaced = {name for name in both if not new[name].is_same(old[name])}
    return frozenset(replaced | (new.keys() ^ old.keys()))
