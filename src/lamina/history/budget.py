"""Budgets checked: whether a build kept to them, and which step or layer is to blame."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lamina.history.blame import (
    Culprit,
    failing_step,
    grown_layers,
    missed_steps,
    new_layers,
    slow_steps,
)
from lamina.history.record import BuildOutcome
from lamina.history.situation import Situation
from lamina.history.spread import spread
from lamina.project.budgets import Allowance, Budgets

RECENT: Final = 10
"""How many builds before this one the median is of."""
ENOUGH: Final = 5
"""How many of them there must be, before anything is measured against their median."""
LEAST_SHARE: Final = 0.1
LEAST_SECONDS: Final = 1.0
"""How far a build may always be above the median: builds that are all alike have no spread."""


class Standing(StrEnum):
    """How a budget was kept; ``UNKNOWN`` when there is nothing to measure it with."""

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one budget.

    ``actual`` and ``limit`` are seconds, bytes or rates, as the budget is; ``basis`` says where
    the limit comes from, or why there is none.  ``culprits`` are the steps and layers that broke
    it, the worst first.
    """

    budget: str
    standing: Standing
    actual: float | None = None
    limit: float | None = None
    basis: str = ""
    culprits: tuple[Culprit, ...] = ()

    @property
    def is_broken(self) -> bool:
        """Whether the budget is exceeded."""
        return self.standing is Standing.BROKEN


def check(budgets: Budgets, situation: Situation) -> tuple[Verdict, ...]:
    """Check a build against each budget that there is.

    A build that came to nothing gets one verdict, for its figures say nothing.
    """
    if situation.row.outcome != BuildOutcome.DONE:
        return (
            Verdict(
                budget="outcome",
                standing=Standing.BROKEN,
                basis=f"the build ended as {situation.row.outcome}",
                culprits=failing_step(situation),
            ),
        )
    found = (rule(budgets, situation) for rule in _RULES)
    return tuple(verdict for verdict in found if verdict is not None)


def _seconds(budgets: Budgets, situation: Situation) -> Verdict | None:
    allowed = budgets.seconds
    if allowed is None:
        return None
    if isinstance(allowed, Allowance):
        limit, basis = _relative(allowed, situation)
    else:
        limit, basis = allowed, ""
    return _at_most("seconds", situation.row.seconds, limit, basis, lambda: slow_steps(situation))


def _relative(allowed: Allowance, situation: Situation) -> tuple[float | None, str]:
    """Turn an allowance into seconds, and say what it is made of."""
    recent = spread(row.seconds for row in situation.earlier[:RECENT])
    if recent is None or recent.count < ENOUGH:
        count = recent.count if recent else 0
        return None, f"{count} of the {ENOUGH} builds that a median needs"
    if allowed.mads:
        more = allowed.mads * recent.mad
        words = f"{allowed.mads:g} times their spread"
    else:
        more = allowed.share * recent.median
        words = f"{allowed.share:.0%}"
    least = max(LEAST_SHARE * recent.median, LEAST_SECONDS)
    if more < least:
        more, words = least, f"{LEAST_SHARE:.0%}, {LEAST_SECONDS:g} s at least"
    return recent.median + more, f"the median of the last {recent.count} builds and {words}"


def _image_size(budgets: Budgets, situation: Situation) -> Verdict | None:
    if budgets.image_size is None:
        return None
    size = situation.row.image_bytes or None
    basis = "" if size else "the size of the image is not known"
    return _at_most(
        "image-size", size, budgets.image_size, basis,
        lambda: grown_layers(situation) or new_layers(situation),
    )  # fmt: skip


def _growth(budgets: Budgets, situation: Situation) -> Verdict | None:
    if budgets.growth is None and budgets.growth_share is None:
        return None
    before = next((row.image_bytes for row in situation.earlier if row.image_bytes), None)
    size = situation.row.image_bytes
    if before is None or not size:
        return Verdict(
            budget="growth", standing=Standing.UNKNOWN, basis="there is no image to compare with"
        )
    if budgets.growth_share is None:
        limit, basis = float(budgets.growth or 0), ""
    else:
        limit = budgets.growth_share * before
        basis = f"{budgets.growth_share * 100:g} % of the image before"
    return _at_most("growth", size - before, limit, basis, lambda: grown_layers(situation))


def _hit_rate(budgets: Budgets, situation: Situation) -> Verdict | None:
    if budgets.hit_rate is None:
        return None
    rate = situation.row.time_hit if situation.earlier else None
    basis = "" if rate is not None else "there was no build before that could have been reused"
    return _at_least("hit-rate", rate, budgets.hit_rate, basis, lambda: missed_steps(situation))


def _reuse(budgets: Budgets, situation: Situation) -> Verdict | None:
    if budgets.reuse is None:
        return None
    rate = situation.row.reuse
    basis = "" if rate is not None else "there are no layers to compare with"
    return _at_least("reuse", rate, budgets.reuse, basis, lambda: new_layers(situation))


_Blame = Callable[[], tuple[Culprit, ...]]


def _at_most(
    budget: str, actual: float | None, limit: float | None, basis: str, blame: _Blame
) -> Verdict:
    is_broken = actual is not None and limit is not None and actual > limit
    return _verdict(budget, actual, limit, basis, blame if is_broken else None)


def _at_least(
    budget: str, actual: float | None, limit: float, basis: str, blame: _Blame
) -> Verdict:
    is_broken = actual is not None and actual < limit
    return _verdict(budget, actual, limit, basis, blame if is_broken else None)


def _verdict(
    budget: str, actual: float | None, limit: float | None, basis: str, blame: _Blame | None
) -> Verdict:
    is_known = actual is not None and limit is not None
    standing = Standing.KEPT if is_known else Standing.UNKNOWN
    return Verdict(
        budget=budget,
        standing=Standing.BROKEN if blame else standing,
        actual=actual,
        limit=limit,
        basis=basis,
        culprits=blame() if blame else (),
    )


_RULES: Final = (_seconds, _image_size, _growth, _hit_rate, _reuse)
