"""Tables: what a history asks of a database, SQLite or PostgreSQL."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from lamina.errors import StoreError
from lamina.history.query import Wanted
from lamina.history.rows import BuildRow


class RefusedBuildError(StoreError):
    """The database does not take this build, whichever others it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """A step of a scope: its last runs, and when a build last had it, in seconds since the epoch.

    Both texts are those of ``rows.py``.
    """

    step: str
    runs: str
    seen: float


class Tables(Protocol):
    """One database: SQLite or PostgreSQL.

    All methods may raise ``StoreError``; those that write raise ``RefusedBuildError`` where it is
    what they were given that cannot be stored.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Do all of a block or nothing; nobody else writes meanwhile."""

    def insert(self, row: BuildRow, record: bytes) -> None:
        """Add a build that is not there."""

    def has(self, id_: str) -> bool:
        """Say whether a build is there."""

    def rows(self, wanted: Wanted) -> list[BuildRow]:
        """Return the rows of a selection, newest first."""

    def starting_with(self, prefix: str) -> list[BuildRow]:
        """Return the rows whose id starts with ``prefix``, six at most."""

    def record(self, id_: str) -> bytes:
        """Return the record of a build that is there."""

    def costs(self, scope: str, steps: Collection[str] | None = None) -> dict[str, str]:
        """Return the last runs of each step in a scope, or of those of ``steps`` that are known."""

    def put_costs(self, scope: str, costs: Sequence[StepCost]) -> None:
        """Replace the last runs of these steps; ``seen`` only ever grows."""

    def forget_costs(self, scope: str, *, builds: int) -> None:
        """Remove the steps that none of the newest ``builds`` of the scope had."""

    def remove(self, ids: Sequence[str]) -> None:
        """Remove builds, and the steps that no build had since the oldest of its scope."""

    def compact(self) -> None:
        """Give the room of removed builds back, where the database does not do so by itself."""

    def size(self) -> int:
        """Return how many bytes the history takes on the disk."""

    def close(self) -> None:
        """Let go of the database."""
