"""Which builds are asked for: a selection of rows, and one build by what people call it."""

from dataclasses import dataclass
from typing import Final

from lamina.errors import UsageError
from lamina.history.rows import BuildRow

LAST: Final = "last"
PREVIOUS: Final = "previous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A selection of builds, newest first; what is empty selects everything.

    ``image`` is a name with its tag, or a repository.  ``since`` is in seconds since the epoch.
    ``limit`` 0 means all.  ``has_layers`` leaves out builds that no layer is known of.
    ``platforms`` are those of a row, and None selects all.
    """

    project: str = ""
    image: str = ""
    branch: str = ""
    scope: str = ""
    outcome: str = ""
    platforms: str | None = None
    since: float = 0.0
    before: float | None = None
    has_layers: bool = False
    limit: int = 0


def choose(text: str, *, recent: list[BuildRow], matching: list[BuildRow]) -> BuildRow:
    """Choose the build that ``text`` means: ``last``, ``previous``, or the start of an id.

    ``recent`` are the two newest builds, ``matching`` those whose id starts with ``text``.
    Raises ``UsageError`` when there is none, or more than one.
    """
    if text in {LAST, PREVIOUS}:
        number = 0 if text == LAST else 1
        if len(recent) <= number:
            raise UsageError(f"there is no {text} build", hint="`lamina history` lists all builds")
        return recent[number]
    exact = [row for row in matching if row.id == text]
    found = exact or matching
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(row.id[:12] for row in found[:5])
        raise UsageError(f"{text!r} is the start of several builds: {names}", hint="write more")
    raise UsageError(f"no build is called {text!r}", hint="`lamina history` lists all builds")
