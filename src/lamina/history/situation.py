"""Situation: a build, and all that it is measured against."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lamina.history.metrics import Costs
from lamina.history.record import BuildRecord
from lamina.history.rows import BuildRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One build among those of its scope.

    ``earlier`` are the builds before it that succeeded, for the same platforms, newest first;
    ``previous`` is the record of the first of them.  ``costs`` are what steps usually take.
    ``causes`` say why a step had to run, by its id, as far as that is known.
    """

    row: BuildRow
    record: BuildRecord
    earlier: tuple[BuildRow, ...] = ()
    previous: BuildRecord | None = None
    costs: Costs = field(default_factory=dict, hash=False)
    causes: Mapping[str, str] = field(default_factory=dict, hash=False)
