"""Modules of a wheel: their names, and how many of them are compiled at once."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

_BATCH: Final = 8 << 20
_T = TypeVar("_T")


def module_name(path: str) -> str:
    """Name the module that the source at ``path`` is, relative to site-packages.

    >>> module_name("numpy/core/__init__.py"), module_name("six.py")
    ('numpy.core', 'six')
    """
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def batches(modules: Iterable[_T], *, size: Callable[[_T], int]) -> Iterator[list[_T]]:
    """Divide modules so that the sources of one batch fit into memory at once."""
    batch: list[_T] = []
    total = 0
    for module in modules:
        batch.append(module)
        total += size(module)
        if total >= _BATCH:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
