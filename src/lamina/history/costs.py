"""What a step costs when it has to run, learnt from the builds in which it ran."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Final

from lamina.history.record import BuildRecord, StepKey, StepKind, StepOutcome

REMEMBERED: Final = 5
"""How many of a step's last runs count."""

Samples = Mapping[StepKey, tuple[tuple[float, float], ...]]
"""For each step when it last ran, in seconds since the epoch, and how many seconds it took."""


def efforts(record: BuildRecord) -> dict[str, float]:
    """Return what each cacheable step took, by id: itself and the downloads made for it alone.

    A download that several steps waited for counts for each of them.
    """
    fetched = {step.id: step.seconds for step in record.steps if step.kind is StepKind.FETCH}
    return {
        step.id: step.seconds + sum(fetched.get(id_, 0.0) for id_ in step.inputs)
        for step in record.steps
        if step.is_cacheable
    }


def learn(samples: Samples, record: BuildRecord) -> Samples:
    """Add the steps that ran to their end in ``record``; the last five of each are kept."""
    took = efforts(record)
    learnt = dict(samples)
    for step in record.steps:
        if step.is_miss and step.outcome is StepOutcome.DONE:
            known = {*learnt.get(step.key, ()), (record.started, took[step.id])}
            learnt[step.key] = tuple(sorted(known)[-REMEMBERED:])
    return learnt


def usual(samples: Samples) -> dict[StepKey, float]:
    """Return the seconds that each step usually takes: the median of its last five runs."""
    return {key: median(seconds for _, seconds in runs) for key, runs in samples.items() if runs}


def costs_of(records: Iterable[BuildRecord]) -> dict[StepKey, float]:
    """Return what each step usually takes, learnt from ``records`` of comparable builds."""
    samples: Samples = {}
    for record in records:
        samples = learn(samples, record)
    return usual(samples)
