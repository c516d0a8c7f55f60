"""Alignment: which layer of an image stands for which of those that were expected; pure."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Pairs = tuple[tuple[int, int], ...]
"""Places in the expected order, with places in the actual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Every place once: as it should be, elsewhere, changed, not there, or not expected."""

    same: Pairs
    moved: Pairs
    changed: Pairs
    missing: tuple[int, ...]
    extra: tuple[int, ...]


def align(
    expected: Sequence[Hashable],
    actual: Sequence[Hashable],
    *,
    alike: Callable[[int, int], int] = lambda _, __: 0,
) -> Alignment:
    """Pair layers by digest where they can be, else by how much ``alike`` they are, or by place.

    >>> align("abcd", "axcde").changed, align("abcd", "axcde").extra
    (((1, 1),), (4,))
    """
    matcher = SequenceMatcher(a=expected, b=actual, autojunk=False)
    same: list[tuple[int, int]] = []
    blocks: list[tuple[list[int], list[int]]] = []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind == "equal":
            same += zip(range(i, i_end), range(j, j_end), strict=True)
        else:
            blocks.append((list(range(i, i_end)), list(range(j, j_end))))
    moved = _moved(expected, actual, blocks)
    changed: list[tuple[int, int]] = []
    missing: list[int] = []
    extra: list[int] = []
    for ours, theirs in blocks:
        changed += _kin(ours, theirs, alike)
        changed += zip(ours, theirs, strict=False)
        missing += ours[len(theirs) :]
        extra += theirs[len(ours) :]
    return Alignment(
        same=tuple(same),
        moved=moved,
        changed=tuple(changed),
        missing=tuple(missing),
        extra=tuple(extra),
    )


def _kin(
    ours: list[int], theirs: list[int], alike: Callable[[int, int], int]
) -> list[tuple[int, int]]:
    """Take those out of a block that have something in common."""
    found = []
    for number in tuple(ours):
        place = max(theirs, key=lambda place: alike(number, place), default=None)
        if place is not None and alike(number, place):
            found.append((number, place))
            ours.remove(number)
            theirs.remove(place)
    return found


def _moved(
    expected: Sequence[Hashable],
    actual: Sequence[Hashable],
    blocks: list[tuple[list[int], list[int]]],
) -> Pairs:
    """Take what stands elsewhere out of the blocks."""
    found = []
    for number in [number for ours, _ in blocks for number in ours]:
        places = (place for _, theirs in blocks for place in theirs)
        place = next((place for place in places if actual[place] == expected[number]), None)
        if place is not None:
            found.append((number, place))
            for ours, theirs in blocks:
                ours[:] = [n for n in ours if n != number]
                theirs[:] = [p for p in theirs if p != place]
    return tuple(found)
