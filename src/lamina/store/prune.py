"""Prune: remove what was chosen from a store, while others may be using it.

Each item disappears in one step or not at all, and names go before what they name, blobs before
what describes them.  So a prune that is killed leaves a store that has less in it, and no more.
"""

import os
import secrets
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lamina.errors import StoreError
from lamina.store.choose import Choice, Wishes, choose
from lamina.store.stock import Item, Stock
from lamina.store.store import Store
from lamina.store.take_stock import stamp_of, take_stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """An item that could not be removed, ``where`` it is now, and ``why``."""

    item: Item
    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a store held, what is gone or would be, and what stays because it is in use.

    What belongs to something that stays is in use as well.  ``stuck`` is what the disk refused.
    """

    stock: Stock
    gone: tuple[Item, ...]
    in_use: tuple[Item, ...]
    stuck: tuple[Stuck, ...] = ()


def prune(store: Store, wishes: Wishes, *, is_dry: bool = False) -> Pruned:
    """Remove what ``wishes`` say, or only tell it; raise ``StoreError`` where that cannot be.

    An item that cannot be removed is no error here: the others go, and it is told.
    """
    stock, choice = _decided(store, wishes)
    if is_dry:
        return Pruned(stock=stock, gone=choice.gone, in_use=choice.in_use)
    removal = _Removal(store, in_use=list(choice.in_use))
    for item in choice.gone:
        removal.remove(item)
    return Pruned(
        stock=stock,
        gone=tuple(removal.gone),
        in_use=tuple(removal.in_use),
        stuck=tuple(removal.stuck),
    )


@dataclass(slots=True)
class _Removal:
    """How far a prune has come."""

    store: Store
    in_use: list[Item]
    gone: list[Item] = field(default_factory=list)
    stuck: list[Stuck] = field(default_factory=list)
    spared: set[Path] = field(default_factory=set)

    def remove(self, item: Item) -> None:
        """Remove an item, unless a name that stayed needs it; names come before their blobs."""
        if item.path in self.spared or not self.spared.isdisjoint(item.holders):
            self.in_use.append(item)
            return
        try:
            is_gone = _remove(item, self.store)
        except StoreError as error:
            is_gone = False
            where = error.where or str(item.path)
            self.stuck.append(Stuck(item=item, where=where, why=error.what))
        else:
            (self.gone if is_gone else self.in_use).append(item)
        if not is_gone:
            self.spared |= item.needs


def _decided(store: Store, wishes: Wishes) -> tuple[Stock, Choice]:
    """Look, then ask who is running: whoever comes later has to note what it uses."""
    stock = take_stock(store)
    with store.uses.alone():
        safe_before = store.uses.safe_before()
    return stock, choose(stock, wishes, safe_before=safe_before)


def _remove(item: Item, store: Store) -> bool:
    """Remove an item, unless somebody used it since it was looked at.

    Raises ``StoreError`` with what the disk says, and the path at which the item is then.
    """
    grave = store.ingest / secrets.token_hex(12)
    try:
        with store.uses.alone():
            if not _is_untouched(item):
                return False
            if not item.path.is_dir():
                item.path.unlink()
                return True
            grave.parent.mkdir(exist_ok=True)
            item.path.rename(grave)  # nobody finds half a folder
        _empty(grave)
    except FileNotFoundError:
        return False
    except OSError as error:
        where = item.path if os.path.lexists(item.path) else grave
        raise StoreError(error.strerror or str(error), where=str(where)) from error
    return True


def _is_untouched(item: Item) -> bool:
    is_same = stamp_of(os.lstat(item.path)) == item.stamp
    return is_same and not any(path.exists() for path in item.holders)


def _empty(folder: Path) -> None:
    """Remove a folder, in which an image's modes may forbid it, or what can be removed of it."""
    _open_up(folder)
    for outer, names, _ in os.walk(folder):
        for inner in (Path(outer, name) for name in names):
            if not inner.is_symlink():
                _open_up(inner)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)  # says why


def _open_up(folder: Path) -> None:
    with suppress(PermissionError):  # another user's; an empty one can be removed all the same
        folder.chmod(stat.S_IRWXU)
