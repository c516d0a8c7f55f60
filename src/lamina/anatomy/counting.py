"""Counting: which of a file's names, and which of its copies, its bytes are counted at; pure.

The first of them counts, in the order of paths; but one that is junk, such as that in uv's cache,
only where all of them are.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lamina.anatomy.junk import junk_class
from lamina.anatomy.stack import Live

SMALLEST_DUPLICATE: Final = 4096


@dataclass(frozen=True, slots=True)
class Counted:
    """The bytes of a path: 0 where another name of the file has them.

    ``junk`` is the class of the path, and ``copy_of`` the path that has the same bytes already.
    """

    size: int = 0
    junk: str = ""
    copy_of: str = ""


def count_names(live: Sequence[Live], paths: Collection[str]) -> tuple[Counted, ...]:
    """Count each live path; ``paths`` are all of them."""
    files = [n for n, item in enumerate(live) if item.node.kind == "file" and item.node.size]
    junk = {n: junk_class(live[n].path, paths) for n in files}
    # A node is one file of a layer, whatever names lead to it.
    names = _choose(files, junk, lambda n: (id(live[n].node), live[n].layer))
    large = [n for n in sorted(names) if live[n].node.size >= SMALLEST_DUPLICATE]
    originals = _choose(large, junk, lambda n: live[n].node.digest)
    paths_by_digest = {live[n].node.digest: live[n].path for n in originals}
    found = [Counted()] * len(live)
    for n in names:
        node = live[n].node
        is_copy = node.size >= SMALLEST_DUPLICATE and n not in originals
        copy_of = paths_by_digest[node.digest] if is_copy else ""
        found[n] = Counted(size=node.size, junk=junk[n], copy_of=copy_of)
    return tuple(found)


def _choose(
    numbers: Iterable[int], junk: dict[int, str], key: Callable[[int], Hashable]
) -> frozenset[int]:
    """Choose one of each ``key``: the first that is no junk, or else the first."""
    chosen: dict[Hashable, int] = {}
    for n in numbers:
        known = chosen.setdefault(key(n), n)
        if junk[known] and not junk[n]:
            chosen[key(n)] = n
    return frozenset(chosen.values())
