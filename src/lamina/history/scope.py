"""A scope while builds are added to it: what each is measured against, and what it teaches."""

from typing import Final

from lamina.errors import InputError
from lamina.history.costs import Runs, Samples, news
from lamina.history.query import Wanted
from lamina.history.record import BuildOutcome, BuildRecord, StepKey
from lamina.history.rows import (
    platforms_of,
    runs_to_text,
    samples_from_text,
    step_to_text,
    storable,
    unpacked,
)
from lamina.history.tables import StepCost, Tables

BUILDS: Final = 200
"""A step that none of so many builds had is forgotten: its text will not come again."""


def comparable(record: BuildRecord) -> Wanted:
    """Select the build that ``record`` is compared with: the last before it that has an image.

    It is one for the same platforms, unless ``record`` came to nothing: then it may not even be
    known for which it was.
    """
    return Wanted(
        scope=storable(record.scope),
        outcome=BuildOutcome.DONE,
        platforms=platforms_of(record) if record.outcome is BuildOutcome.DONE else None,
        before=record.started,
        has_layers=True,
        limit=1,
    )


class Scope:
    """What is known of one scope's builds; it asks the database for no more than a build needs."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables = tables
        self._name = name
        self._runs: dict[StepKey, Runs] = {}
        self._asked: set[StepKey] = set()
        self._seen: dict[StepKey, float] = {}
        self._last: BuildRecord | None = None

    def samples(self, record: BuildRecord) -> Samples:
        """Return the last runs of a build's steps; those that never ran are left out."""
        keys = {step.key for step in record.steps if step.is_cacheable}
        if unknown := keys - self._asked:
            texts = [step_to_text(key) for key in unknown]
            self._runs |= samples_from_text(self._tables.costs(self._name, texts))
            self._asked |= unknown
        return {key: self._runs[key] for key in keys if key in self._runs}

    def previous(self, record: BuildRecord) -> BuildRecord | None:
        """Return the build that ``record`` is compared with; None too if it cannot be read."""
        for row in self._tables.rows(comparable(record)):
            if self._last is not None and self._last.id == row.id:
                return self._last  # most are added in a row, and reading one takes longest
            try:
                return unpacked(self._tables.record(row.id))
            except InputError:
                return None
        return None

    def learn(self, record: BuildRecord) -> None:
        """Take in a build whose samples were asked for, after those before it."""
        self._runs |= news(self._runs, record)
        for step in record.steps:
            if step.is_cacheable:
                self._seen[step.key] = max(record.started, self._seen.get(step.key, 0.0))
        self._last = record

    def write(self) -> None:
        """Put what was learnt into the database, and forget what no build has any more."""
        costs = [
            StepCost(step=step_to_text(key), runs=runs_to_text(self._runs[key]), seen=seen)
            for key, seen in self._seen.items()
            if key in self._runs
        ]
        self._tables.put_costs(self._name, costs)
        self._tables.forget_costs(self._name, builds=BUILDS)
