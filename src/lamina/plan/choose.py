"""Choose: whether a lock's history is worth another division into layers; pure.

Another division moves once all that is new in it, so the one in use stays unless the other is
clearly better with that counted, and would have been better had it been learnt earlier.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lamina.plan.evidence import Evidence
from lamina.plan.grouping import Groups, expected_bytes, expected_cost, group, improve
from lamina.sizes import bytes_text

BUDGETS: Final = (10, 20, 40, 80)
"""Numbers of layers of wheels that are tried; an image may have 127 in all."""
FEWEST_CHANGES: Final = 8
"""With fewer, what is learnt is mostly chance."""
_WORTHWHILE: Final = 0.1

Layers = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was learnt from ``older`` changes, tried with the ``newer`` ones: bytes of both ways."""

    older: int
    newer: int
    learnt: int
    in_use: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The division that is to be written down, or None to leave it; ``why`` is for people."""

    groups: Groups | None
    why: str
    trial: Trial | None = None


def learnt(sizes: Mapping[str, int], evidence: Evidence, *, now: Layers) -> Mapping[str, Groups]:
    """Divide distributions of these sizes (bytes, by name), by what people call each way.

    One way begins with ``now``, the layers in use, the others anew for each of ``BUDGETS``.
    """
    anew = {f"learnt, up to {n} layers": group(sizes, evidence, budget=n) for n in BUDGETS}
    return {"in use, improved": improve(now, sizes, evidence, budget=BUDGETS[-1]), **anew}


def choose(
    tried: Iterable[Groups], sizes: Mapping[str, int], evidence: Evidence, *, now: Layers
) -> Choice:
    """Decide between ``now``, the layers in use, and what was ``learnt`` from the evidence."""
    known = len(evidence.changes)
    if known < FEWEST_CHANGES:
        return _stay(f"{known} changes of the lock are known, and {FEWEST_CHANGES} are needed")
    groups = _best(tried, sizes, evidence, now)
    costs, cost = (expected_cost(x, sizes, evidence, now=now) for x in (now, groups))
    if costs - cost < _WORTHWHILE * costs:
        return _stay("no other division saves a tenth of what they cost, moving to it included")
    trial = _try(sizes, evidence, now=now)
    if trial.learnt > trial.in_use:
        return _stay("what the older changes teach would not have helped with the newer", trial)
    bytes_now, bytes_then = (expected_bytes(layers, sizes, evidence) for layers in (now, groups))
    return Choice(
        groups=groups,
        why=f"{bytes_text(bytes_then)} are expected to move at a change of the lock, instead of "
        f"{bytes_text(bytes_now)}: learnt from {known} changes",
        trial=trial,
    )


def moved_bytes(layers: Layers, sizes: Mapping[str, int], changes: Iterable[frozenset[str]]) -> int:
    """Count the bytes of the layers that each of the changes changed, at today's sizes."""
    weighed = [(frozenset(names), sum(sizes[name] for name in names)) for names in layers]
    return sum(size for changed in changes for names, size in weighed if names & changed)


def _best(
    tried: Iterable[Groups], sizes: Mapping[str, int], evidence: Evidence, now: Layers
) -> Groups:
    """Return the division that costs least, of equal ones the first."""
    return min(tried, key=lambda groups: expected_cost(groups, sizes, evidence, now=now))


def _try(sizes: Mapping[str, int], evidence: Evidence, *, now: Layers) -> Trial:
    """Learn from the older half of the changes, and look whether it helps with the newer half."""
    half = len(evidence.changes) // 2
    newer, older = evidence.changes[:half], evidence.changes[half:]
    then = Evidence(names=evidence.names, changes=older)
    groups = _best(learnt(sizes, then, now=now).values(), sizes, then, now)
    return Trial(
        older=len(older),
        newer=len(newer),
        learnt=moved_bytes(groups, sizes, newer),
        in_use=moved_bytes(now, sizes, newer),
    )


def _stay(why: str, trial: Trial | None = None) -> Choice:
    return Choice(groups=None, why=f"the layers stay as they are: {why}", trial=trial)
