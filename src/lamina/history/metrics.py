"""Metrics of builds, one function each; docs/reference/metrics.md explains them to users.

``costs`` are what steps usually take when they run (see ``costs.py``).  A step without a cost
counts with what it took this time.  A rate is between 0 and 1, or None where there is nothing that
could have been hit or shared.  ``previous`` is the build before, of the same scope.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import fsum

from lamina.history.costs import MADE_FOR, efforts
from lamina.history.graph import (
    critical_chain,
    critical_path,
    descendants,
    own_seconds,
    root_misses,
)
from lamina.history.record import BuildRecord, LayerRecord, StepKey, StepKind
from lamina.plan.component import Component

Costs = Mapping[StepKey, float]


def step_hit_rate(record: BuildRecord) -> float | None:
    """Divide cached steps by cacheable steps; a step that was cancelled counts as neither."""
    hits = sum(step.is_hit for step in record.steps)
    decided = hits + sum(step.is_miss for step in record.steps)
    return hits / decided if decided else None


def time_hit_rate(record: BuildRecord, costs: Costs) -> float | None:
    """Σ cost of cached steps ÷ Σ cost of cacheable steps.

    Where no step costs anything it is the step hit rate, so a fully cached build has 1.
    """
    base = base_seconds(record, costs)
    hit = fsum(base[step.id] for step in record.steps if step.is_hit)
    missed = fsum(base[step.id] for step in record.steps if step.is_miss)
    return hit / (hit + missed) if hit + missed > 0 else step_hit_rate(record)


def base_seconds(record: BuildRecord, costs: Costs) -> dict[str, float]:
    """Return each cacheable step's cost by id: the usual one, else what it took this time."""
    took = efforts(record)
    return {s.id: costs.get(s.key, took[s.id]) for s in record.steps if s.is_cacheable}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the cache earned and what it cost, in seconds.

    ``earned`` is Σ cost of cached steps.  ``imported`` and ``exported`` are what reading and
    writing a remote cache took; ``fetched`` is what cached steps took all the same, for a step that
    is called cached may have been downloaded and unpacked, or its wheel built to tell.
    """

    earned: float = 0.0
    imported: float = 0.0
    fetched: float = 0.0
    exported: float = 0.0

    @property
    def net(self) -> float:
        """Net seconds saved: earned - imported - fetched - exported; negative when it cost more."""
        return self.earned - self.imported - self.fetched - self.exported


def ledger(record: BuildRecord, costs: Costs) -> Ledger:
    """Balance the cache."""
    base = base_seconds(record, costs)
    earned = fsum(base[step.id] for step in record.steps if step.is_hit)
    return replace(_expenses(record), earned=earned)


def ledger_of(record: BuildRecord, *, saved: float) -> Ledger:
    """Return the ledger that had ``saved`` as its net: all else is in the record itself."""
    spent = _expenses(record)
    return replace(spent, earned=saved - spent.net)


def _expenses(record: BuildRecord) -> Ledger:
    took = efforts(record)

    def total(kind: StepKind) -> float:
        return fsum(step.seconds for step in record.steps if step.kind is kind)

    return Ledger(
        imported=total(StepKind.CACHE_IMPORT),
        fetched=fsum(took[step.id] for step in record.steps if step.is_hit),
        exported=total(StepKind.CACHE_EXPORT),
    )


def seconds_saved(record: BuildRecord, costs: Costs) -> float:
    """Net seconds saved: see ``Ledger.net``."""
    return ledger(record, costs).net


def wall_seconds_saved(record: BuildRecord, costs: Costs) -> float:
    """Critical path as if every cacheable step had run - the seconds that the build took."""
    base = base_seconds(record, costs)
    made = {step.id for step in record.steps if step.kind in MADE_FOR}
    counted = {id_ for step in record.steps if step.id in base for id_ in step.inputs}
    weights = {**own_seconds(record), **dict.fromkeys(made & counted, 0.0), **base}
    return critical_path(record, weights).seconds - record.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """Bytes of an image's layers, each digest once, and how many the one before had.

    They are compressed, of traced builds unpacked (see ``LayerRecord``).
    """

    total: int = 0
    shared: int = 0
    base_total: int = 0
    base_shared: int = 0

    @property
    def rate(self) -> float | None:
        """Shared bytes ÷ all bytes."""
        return self.shared / self.total if self.total else None

    @property
    def rate_above_base(self) -> float | None:
        """The same without the base's layers, so that a large base cannot make it look good."""
        total = self.total - self.base_total
        return (self.shared - self.base_shared) / total if total else None

    @property
    def delta(self) -> int:
        """Pull delta: the bytes that whoever has the image before has to download."""
        return self.total - self.shared


def layer_reuse(record: BuildRecord, previous: BuildRecord | None) -> Reuse:
    """Compare the layers with those of the previous build, by digest and in bytes."""
    before = {layer.digest for layer in previous.layers} if previous else set[str]()
    layers = list({layer.digest: layer for layer in record.layers}.values())
    base = [layer for layer in layers if layer.component is Component.BASE]
    return Reuse(
        total=_bytes(layers),
        shared=_bytes(layer for layer in layers if layer.digest in before),
        base_total=_bytes(base),
        base_shared=_bytes(layer for layer in base if layer.digest in before),
    )


def pull_delta(record: BuildRecord, previous: BuildRecord | None) -> int:
    """Σ size of layers that the previous image has not; of all platforms, if there are several."""
    return layer_reuse(record, previous).delta


def size_by_component(record: BuildRecord) -> dict[Component, int]:
    """Σ size of layers for each component, each digest once; components without bytes left out."""
    sizes = dict.fromkeys(Component, 0)
    for layer in {layer.digest: layer for layer in record.layers}.values():
        sizes[layer.component] += layer.size
    return {component: size for component, size in sizes.items() if size}


def time_by_phase(record: BuildRecord) -> dict[str, float]:
    """Seconds of each phase, in the order of a build (see ``phases.py``)."""
    return dict(record.phases)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissCost:
    """A root miss, and the chain of steps that ran because of it, in seconds."""

    step: str
    seconds: float
    chain: tuple[str, ...]


def miss_cost(record: BuildRecord) -> MissCost | None:
    """Critical path of the misses that waited for the first root miss, itself included.

    The first is that of the build's own critical path, for nobody waited for the others; where
    none is on it, the one that started first.  Only what ran although a cache could have saved it
    counts.  None when nothing missed.
    """
    roots = [root.id for root in root_misses(record)]
    if not roots:
        return None
    chain = frozenset(critical_chain(record))
    return _cost_of(record, next((id_ for id_ in roots if id_ in chain), roots[0]))


def miss_costs(record: BuildRecord) -> tuple[MissCost, ...]:
    """Return the same of every root miss, the most expensive first.

    What waited for several of them counts for each.
    """
    costs = (_cost_of(record, root.id) for root in root_misses(record))
    return tuple(sorted(costs, key=lambda cost: -cost.seconds))


def _cost_of(record: BuildRecord, root: str) -> MissCost:
    below = descendants(record, root)
    took = efforts(record)
    missed = {s.id: took[s.id] for s in record.steps if s.is_miss and s.id in below}
    path = critical_path(record, missed)
    return MissCost(step=root, seconds=path.seconds, chain=path.steps)


def fetched_bytes(record: BuildRecord) -> int:
    """Σ bytes of wheels that came over the network."""
    return sum(wheel.bytes for wheel in record.wheels)


def pushed_bytes(record: BuildRecord) -> int:
    """Σ size of the blobs that were uploaded; mounted and present ones moved nothing."""
    return sum(transfer.size for transfer in record.transfers if transfer.how == "uploaded")


def _bytes(layers: Iterable[LayerRecord]) -> int:
    return sum(layer.size for layer in layers)
