"""Prune: remove what was chosen from a store, while others may be using it.

Each item disappears in one step or not at all, and names go before what they name, blobs before
what describes them.  So a prune that is killed leaves a store that has less in it, and no more.
"""

import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from lamina.errors import StoreError
from lamina.store.choose import Choice, Wishes, choose
from lamina.store.stock import Item, Stock
from lamina.store.store import Store
from lamina.store.take_stock import stamp_of, take_stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a store held, what is gone or would be, and what stays because it is in use."""

    stock: Stock
    gone: tuple[Item, ...]
    in_use: tuple[Item, ...]


def prune(store: Store, wishes: Wishes, *, is_dry: bool = False) -> Pruned:
    """Remove what ``wishes`` say, or only tell it; raise ``StoreError`` where that cannot be."""
    stock, choice = _decided(store, wishes)
    if is_dry:
        return Pruned(stock=stock, gone=choice.gone, in_use=choice.in_use)
    gone: list[Item] = []
    kept = list(choice.in_use)
    for item in choice.gone:
        (gone if _remove(item, store) else kept).append(item)
    return Pruned(stock=stock, gone=tuple(gone), in_use=tuple(kept))


def _decided(store: Store, wishes: Wishes) -> tuple[Stock, Choice]:
    """Look, then ask who is running: whoever comes later has to note what it uses."""
    stock = take_stock(store)
    with store.uses.alone():
        safe_before = store.uses.safe_before()
    return stock, choose(stock, wishes, safe_before=safe_before)


def _remove(item: Item, store: Store) -> bool:
    """Remove an item, unless somebody used it since it was looked at."""
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
        raise StoreError(
            f"cannot remove from the store: {error.strerror or error}", where=str(item.path)
        ) from error
    return True


def _is_untouched(item: Item) -> bool:
    is_same = stamp_of(os.lstat(item.path)) == item.stamp
    return is_same and not any(path.exists() for path in item.holders)


def _empty(folder: Path) -> None:
    """Remove a folder, in which an image's modes may forbid it."""
    folder.chmod(stat.S_IRWXU)
    for outer, names, _ in os.walk(folder):
        for inner in (Path(outer, name) for name in names):
            if not inner.is_symlink():
                inner.chmod(stat.S_IRWXU)
    shutil.rmtree(folder)
