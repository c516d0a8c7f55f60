"""What a step costs when it has to run, learnt from the builds in which it ran."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Final

from lamina.history.record import BuildRecord, StepKey, StepKind, StepOutcome

MADE_FOR: Final = frozenset({StepKind.FETCH, StepKind.WHEEL})
"""Kinds of steps that are done for the steps that wait for them: downloads, and wheels."""

REMEMBERED: Final = 5
"""How many of a step's last runs count."""

Runs = tuple[tuple[float, float], ...]
"""When a step last ran, in seconds since the epoch, and how many seconds it took."""

Samples = Mapping[StepKey, Runs]
"""The last runs of each step."""


def efforts(record: BuildRecord) -> dict[str, float]:
    """Return what each cacheable step took, by id: itself, downloads, and wheels built.

    A download or a wheel that several steps waited for counts for each of them.
    """
    made = {step.id: step.seconds for step in record.steps if step.kind in MADE_FOR}
    return {
        step.id: step.seconds + sum(made.get(id_, 0.0) for id_ in step.inputs)
        for step in record.steps
        if step.is_cacheable
    }


def learn(samples: Samples, record: BuildRecord) -> Samples:
    """Add the steps that ran to their end in ``record``; the last five of each are kept."""
    return {**samples, **news(samples, record)}


def news(samples: Samples, record: BuildRecord) -> dict[StepKey, Runs]:
    """Return the last five runs of the steps that ran to their end in ``record``, and no others."""
    took = efforts(record)
    learnt: dict[StepKey, Runs] = {}
    for step in record.steps:
        if step.is_miss and step.outcome is StepOutcome.DONE:
            runs = learnt.get(step.key) or samples.get(step.key, ())
            known = {*runs, (record.started, took[step.id])}
            learnt[step.key] = tuple(sorted(known)[-REMEMBERED:])
    return learnt


def usual(samples: Samples) -> dict[StepKey, float]:
    """Return the seconds that each step usually takes: the median of its last five runs."""
    return {key: median(seconds for _, seconds in runs) for key, runs in samples.items() if runs}


def costs_of(records: Iterable[BuildRecord]) -> dict[StepKey, float]:
    """Return what each step usually takes, learnt from ``records`` of comparable builds."""
    samples: dict[StepKey, Runs] = {}
    for record in records:
        samples |= news(samples, record)
    return usual(samples)
