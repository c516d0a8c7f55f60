"""Explanation: why one build ran what it ran, as a value."""

from dataclasses import dataclass
from enum import StrEnum


class Confidence(StrEnum):
    """``CERTAIN`` follows from what was recorded; ``LIKELY`` is the best that it allows."""

    CERTAIN = "certain"
    LIKELY = "likely"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason.

    ``kind`` is for programs, ``name`` is the file, variable or step, ``text`` is for people.
    """

    kind: str
    name: str
    text: str
    confidence: Confidence = Confidence.CERTAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A step or layer that was made again, although a warm cache could have saved it.

    ``causes`` are its own; without any, ``because`` lists the names of those whose causes are its
    as well.  ``seconds`` and ``bytes`` are what it took.  ``below`` are the seconds of the misses
    that it brought about, its own included.  ``step`` is its id in the build's record.
    """

    name: str
    step: str = ""
    line: int = 0
    platform: str = ""
    seconds: float = 0.0
    bytes: int = 0
    below: float = 0.0
    causes: tuple[Cause, ...] = ()
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One build against another.

    ``previous`` is the id of the build that it is compared with, empty where there is none.
    ``advice`` and ``notes`` are one line each.
    """

    build: str
    previous: str = ""
    hits: int = 0
    steps: int = 0
    seconds: float = 0.0
    misses: tuple[Miss, ...] = ()
    advice: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def roots(self) -> tuple[Miss, ...]:
        """The misses with causes of their own, the dearest first."""
        found = [miss for miss in self.misses if miss.causes]
        return tuple(sorted(found, key=lambda miss: -miss.below))
