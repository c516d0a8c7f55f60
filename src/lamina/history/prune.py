"""Which builds leave the history when it is pruned; pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lamina.history.rows import BuildRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What stays: builds since a time, in seconds since the epoch, or the newest of each scope.

    A scope is what is compared: builds of one project or image by one engine.
    """

    since: float | None = None
    newest: int | None = None


def surplus(rows: Iterable[BuildRow], keep: Keep) -> list[BuildRow]:
    """Return the builds that do not stay, newest first."""
    seen: Counter[str] = Counter()
    found = []
    for row in sorted(rows, key=lambda row: (-row.started, row.id)):
        seen[row.scope] += 1
        is_old = keep.since is not None and row.started < keep.since
        is_one_too_many = keep.newest is not None and seen[row.scope] > keep.newest
        if is_old or is_one_too_many:
            found.append(row)
    return found
