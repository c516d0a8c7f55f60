"""Drops: which patterns of a diet's ``drop`` have met a file that they can leave out; pure."""

from collections.abc import Collection, Iterable

from lamina.project.diet_settings import Diet
from lamina.project.ignore import IgnoreRules


class Drops:
    """The patterns that a layer's files have met so far.

    Paths are written as for a ``Policy``.  A file that another line of the diet takes, or ``keep``
    holds, is met all the same: a name that is spelled right is no mistake.
    """

    def __init__(self, diet: Diet) -> None:
        self.met: tuple[str, ...] = ()
        self._waiting = {pattern: IgnoreRules([pattern]) for pattern in diet.drop}

    def see(self, path: str) -> None:
        """Take note of a file; the metadata of a distribution is in no diet."""
        if not self._waiting or ".dist-info/" in path:
            return
        met = [pattern for pattern, rules in self._waiting.items() if rules.ignores(path)]
        for pattern in met:
            del self._waiting[pattern]
        self.met = (*self.met, *met)


def idle_drops(diet: Diet, met: Iterable[Collection[str] | None]) -> tuple[str, ...]:
    """List the patterns that no layer met, in the order of the settings.

    ``met`` has what each layer did, None for one of which nothing is known: it may have met all.

    >>> idle_drops(Diet(drop=("a", "b")), [["a"], []]), idle_drops(Diet(drop=("a", "b")), [None])
    (('b',), ())
    """
    known = list(met)
    if None in known:
        return ()
    return tuple(x for x in dict.fromkeys(diet.drop) if not any(x in row for row in known if row))
