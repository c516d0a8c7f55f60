"""Choose what goes from a store; pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lamina.store.stock import Item, Kind, Stock, needs_of, without

_LEFTOVER_AGE_S: Final = 3600
_NS: Final = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user wants to be rid of.

    ``now`` is the time, and ``older_than`` the least time without use, in seconds.  Nothing more
    goes once the store has no more than ``keep_size`` bytes.  ``named`` lets named images go too.
    """

    now: float
    older_than: float = 0
    keep_size: int = 0
    named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What goes, in this order, and what would go if nobody were using it."""

    gone: tuple[Item, ...]
    in_use: tuple[Item, ...]


def choose(stock: Stock, wishes: Wishes, *, safe_before: int) -> Choice:
    """Choose leftovers, then what no named image needs, least recently used first, then images.

    What changed at ``safe_before``, in nanoseconds, or later stays: somebody may rely on it.
    """
    choosing = _Choosing(stock, wishes, safe_before)
    choosing.take(item for item in stock.items if choosing.is_left_over(item))
    choosing.take_unneeded(needs_of(stock.items))
    if wishes.named:
        choosing.take_named()
    return Choice(gone=tuple(choosing.gone.values()), in_use=tuple(choosing.in_use.values()))


class _Choosing:
    def __init__(self, stock: Stock, wishes: Wishes, safe_before: int) -> None:
        self._items = sorted(stock.items, key=lambda item: (item.used, item.path))
        self._blobs = {item.path: item for item in stock.items if item.kind is Kind.BLOB}
        self._wishes = wishes
        self._safe_before = safe_before
        self._size = stock.size
        self.gone: dict[Path, Item] = {}
        self.in_use: dict[Path, Item] = {}

    def take(self, items: Iterable[Item]) -> None:
        """Take what is not in use, whatever the size that is to be kept."""
        for item in items:
            if item.path in self.gone:
                continue
            if item.changed >= self._safe_before:
                self.in_use[item.path] = item
            else:
                self.gone[item.path] = item
                self._size -= item.size

    def is_left_over(self, item: Item) -> bool:
        """Say whether an item is of work that nobody goes on with."""
        age = self._wishes.now * _NS - item.changed
        return item.kind is Kind.LEFTOVER and age >= _LEFTOVER_AGE_S * _NS

    def take_unneeded(self, needed: frozenset[Path]) -> None:
        """Take what is old enough and ``needed`` by no image, until the store is small enough."""
        unneeded = without(self._items, needed)
        for item in unneeded:
            if not item.holders and self._is_old(item) and self._is_too_large:
                self.take([item])
        self._take_descriptions(unneeded)

    def take_named(self) -> None:
        """Take named images, the one least recently used first, with what only they need."""
        names = [item for item in self._items if item.kind is Kind.NAME]
        for name in tuple(names):
            if not self._is_too_large:
                return
            if not self._is_old(name):
                continue
            self.take([name])
            if name.path in self.gone:
                names.remove(name)
                self._take_blobs(name.needs, but=needs_of(names))

    def _take_blobs(self, paths: Collection[Path], *, but: frozenset[Path]) -> None:
        """Take an image's blobs, all of them: one that lacks some is none.

        What describes a blob of another image stays, whether that blob is here or elsewhere.
        """
        found = sorted(path for path in paths if path in self._blobs and path not in but)
        self.take(self._blobs[path] for path in found if self._is_old(self._blobs[path]))
        self._take_descriptions(without(self._items, but))

    def _take_descriptions(self, items: Iterable[Item]) -> None:
        """Take what describes blobs that went now, or that never were here, if none is left."""
        left = self._blobs.keys() - self.gone.keys()
        for item in items:
            if item.holders and left.isdisjoint(item.holders):
                went = not self.gone.keys().isdisjoint(item.holders)
                if went or (self._is_old(item) and self._is_too_large):
                    self.take([item])

    def _is_old(self, item: Item) -> bool:
        return self._wishes.now * _NS - item.used >= self._wishes.older_than * _NS

    @property
    def _is_too_large(self) -> bool:
        return self._size > self._wishes.keep_size
