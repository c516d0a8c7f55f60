"""A build's steps as a graph: the longest way through it, and the misses that caused others."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lamina.history.record import BuildRecord, StepRecord
from lamina.history.seen import place


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalPath:
    """The chain of steps that a build cannot be shorter than; ``steps`` are ids, in order."""

    seconds: float = 0.0
    steps: tuple[str, ...] = ()


def own_seconds(record: BuildRecord) -> dict[str, float]:
    """Return each step's seconds without those of its parts, by id."""
    of_parts: dict[str, float] = defaultdict(float)
    for step in record.steps:
        of_parts[step.parent] += step.seconds
    return {step.id: max(0.0, step.seconds - of_parts[step.id]) for step in record.steps}


def critical_path(record: BuildRecord, seconds: Mapping[str, float] | None = None) -> CriticalPath:
    """Find the longest chain of steps that waited for each other.

    ``seconds`` are the weights by id; by default what each step took without its parts.  A step
    waits for its inputs, and a whole for its parts.  Circles, which only a broken log can hold,
    are cut where they close.
    """
    weights = own_seconds(record) if seconds is None else seconds
    total, steps = _longest(record, weights)
    has_weight = (id_ for id_ in steps if weights.get(id_, 0.0) > 0)
    return CriticalPath(seconds=total, steps=tuple(has_weight))


def critical_chain(record: BuildRecord) -> tuple[str, ...]:
    """Return the ids of the same chain, with the steps that took no time of their own."""
    _, steps = _longest(record, own_seconds(record))
    return steps


def _longest(record: BuildRecord, weights: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
    before = predecessors(record)
    best: dict[str, tuple[float, str]] = {}
    for id_ in _in_order(before):
        way = max(((best[p][0], p) for p in before[id_] if p in best), default=(0.0, ""))
        best[id_] = (way[0] + weights.get(id_, 0.0), way[1])
    last = max(best, key=lambda id_: best[id_][0], default="")
    steps: list[str] = []
    while last:
        steps.append(last)
        last = best[last][1]
    return (best[steps[0]][0] if steps else 0.0), tuple(reversed(steps))


def predecessors(record: BuildRecord) -> dict[str, tuple[str, ...]]:
    """Return what each step waits for: its inputs and its parts, as far as they are recorded."""
    known = {step.id: list(step.inputs) for step in record.steps}
    for step in record.steps:
        if step.parent in known:
            known[step.parent].append(step.id)
    return {id_: tuple(p for p in before if p in known) for id_, before in known.items()}


def root_misses(record: BuildRecord) -> tuple[StepRecord, ...]:
    """List the misses that no other miss caused: none of what they waited for missed.

    The order is that in which they started; of those that started together, that of their ids.
    """
    before = predecessors(record)
    missed = {step.id for step in record.steps if step.is_miss}
    tainted: set[str] = set()
    roots = []
    by_id = {step.id: step for step in record.steps}
    for id_ in _in_order(before):
        is_caused = any(p in tainted for p in before[id_])
        if is_caused or id_ in missed:
            tainted.add(id_)
        if id_ in missed and not is_caused:
            roots.append(by_id[id_])
    return tuple(sorted(roots, key=lambda step: (step.started, place(step.id))))


def descendants(record: BuildRecord, id_: str) -> frozenset[str]:
    """Return the ids of a step and of all that waited for it, directly or not."""
    after: dict[str, list[str]] = defaultdict(list)
    for step, before in predecessors(record).items():
        for earlier in before:
            after[earlier].append(step)
    return frozenset(_reached([id_], lambda found: after[found]))


def _reached(start: Iterable[str], onward: Callable[[str], Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        id_ = waiting.pop()
        if id_ not in found:
            found.add(id_)
            waiting += onward(id_)
    return found


def _in_order(before: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Sort ids so that what is waited for comes first; without recursion, whatever the depth."""
    done: dict[str, None] = {}
    open_: set[str] = set()
    for start in before:
        waiting = [start]
        while waiting:
            id_ = waiting[-1]
            left = [p for p in before[id_] if p not in done and p not in open_]
            open_.add(id_)
            if left and id_ not in done:
                waiting += left
                continue
            waiting.pop()
            done[id_] = None
    return list(done)
