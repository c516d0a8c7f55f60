"""Blame: which steps made a build slow, and which layers made an image large."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lamina.history.graph import own_seconds
from lamina.history.metrics import miss_costs
from lamina.history.record import BuildRecord, LayerRecord, StepOutcome
from lamina.history.situation import Situation

_SHOWN: Final = 3
_FIRST: Final = "there was no build before"
_WORTH_NAMING: Final = 0.1
"""A step that has less than this part of the worst one's seconds or bytes is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """A step or a layer, what it took or added, and why; ``cause`` is empty where unknown."""

    name: str
    seconds: float = 0.0
    bytes: int = 0
    cause: str = ""


def failing_step(situation: Situation) -> tuple[Culprit, ...]:
    """Return the step that failed, with what it said."""
    failed = [step for step in situation.record.steps if step.outcome is StepOutcome.FAILED]
    if not failed:
        return ()
    step = max(failed, key=lambda step: (bool(step.error), step.started))
    return (Culprit(name=step.name, seconds=step.seconds, cause=step.error),)


def slow_steps(situation: Situation) -> tuple[Culprit, ...]:
    """Return the steps that took longer than in the build before; else the longest ones."""
    took = own_seconds(situation.record)
    before = _seconds_by_key(situation.previous)
    more = {s.id: took[s.id] - before.get(s.key, 0.0) for s in situation.record.steps}
    if max(more.values(), default=0.0) < _WORTH_NAMING * max(took.values(), default=0.0):
        more = took
    by_id = {step.id: step for step in situation.record.steps}
    causes = causes_of_misses(situation)
    return tuple(
        Culprit(name=by_id[id_].name, seconds=took[id_], cause=causes.get(id_, ""))
        for id_ in _worst(more)
    )


def missed_steps(situation: Situation) -> tuple[Culprit, ...]:
    """Return the steps that missed without another miss before them, with what that cost."""
    by_id = {step.id: step for step in situation.record.steps}
    costs = {cost.step: cost.seconds for cost in miss_costs(situation.record)}
    causes = causes_of_misses(situation)
    chosen = _worst(costs) or list(costs)[:1]
    return tuple(
        Culprit(name=by_id[id_].name, seconds=costs[id_], cause=causes.get(id_, ""))
        for id_ in chosen
    )


def grown_layers(situation: Situation) -> tuple[Culprit, ...]:
    """Return the layers that are larger than in the build before, with how much larger."""
    before = {place_of(layer): layer for layer in _layers(situation.previous)}
    if not before:
        return ()
    sizes = {place: layer.size for place, layer in before.items()}
    more = {
        layer.digest: layer.size - sizes.get(place_of(layer), 0)
        for layer in situation.record.layers
    }
    return _layer_culprits(situation, more)


def new_layers(situation: Situation) -> tuple[Culprit, ...]:
    """Return the layers that the image before had not; all when there was none."""
    known = {layer.digest for layer in _layers(situation.previous)}
    sizes = {
        layer.digest: layer.size for layer in situation.record.layers if layer.digest not in known
    }
    return _layer_culprits(situation, sizes)


def causes_of_misses(situation: Situation) -> dict[str, str]:
    """Say of each step that missed why it did: what is known, else a miss before it.

    A layer that missed because its distributions changed says which.
    """
    by_id = {step.id: step for step in situation.record.steps}
    found = {}
    for cost in miss_costs(situation.record):
        if not situation.earlier:
            found[cost.step] = _FIRST
        for id_ in cost.chain[1:]:
            found[id_] = f"after {by_id[cost.step].name}"
    moved = what_moved(situation.record, situation.previous)
    for layer in situation.record.layers:
        if layer.step in by_id and by_id[layer.step].is_miss:
            found[layer.step] = moved.get(layer.digest) or found.get(layer.step, "")
    return {id_: cause for id_, cause in {**found, **situation.causes}.items() if cause}


def what_moved(record: BuildRecord, previous: BuildRecord | None) -> dict[str, str]:
    """Say of each layer, by its digest, which distributions came, went, or have another version.

    A distribution that was in another layer before is not new.  Layers of which nothing of this
    kind can be said are left out.
    """
    if previous is None:
        return {}
    before = {place_of(layer): layer for layer in previous.layers}
    old = {name: v for layer in previous.layers for name, v in _versions(layer).items()}
    gone = old.keys() - {name for layer in record.layers for name in _versions(layer)}
    found = {}
    for layer in record.layers:
        there = before.get(place_of(layer))
        lost = [name for name in _versions(there) if name in gone] if there else []
        texts = [*_arrived(_versions(layer), old), *(f"{name} is gone" for name in lost)]
        if texts and (there is None or there.digest != layer.digest):
            more = len(texts) - _SHOWN
            found[layer.digest] = ", ".join(texts[:_SHOWN]) + f" and {more} more" * (more > 0)
    return found


def _arrived(new: Mapping[str, str], old: Mapping[str, str]) -> Iterator[str]:
    for name, version in new.items():
        if name not in old:
            yield f"{name} {version} is new"
        elif old[name] != version:
            yield f"{name} {old[name]} \N{RIGHTWARDS ARROW} {version}"


def place_of(layer: LayerRecord) -> tuple[str, str]:
    """Return what a layer keeps while its contents change: its platform and its part."""
    return layer.platform, layer.part or layer.name


def _layer_culprits(situation: Situation, sizes: Mapping[str, int]) -> tuple[Culprit, ...]:
    by_digest = {layer.digest: layer for layer in situation.record.layers}
    moved = what_moved(situation.record, situation.previous)
    return tuple(
        Culprit(
            name=f"layer {by_digest[digest].part or by_digest[digest].name}",
            bytes=sizes[digest],
            cause=moved.get(digest) or situation.causes.get(by_digest[digest].step, ""),
        )
        for digest in _worst(sizes)
    )


def _versions(layer: LayerRecord) -> dict[str, str]:
    pairs = (text.partition("==") for text in layer.distributions)
    return {name: version for name, _, version in pairs}


def _layers(record: BuildRecord | None) -> tuple[LayerRecord, ...]:
    return record.layers if record else ()


def _seconds_by_key(record: BuildRecord | None) -> dict[tuple[str, str, str, int], float]:
    if record is None:
        return {}
    took = own_seconds(record)
    return {step.key: took[step.id] for step in record.steps}


def _worst(figures: Mapping[str, float]) -> list[str]:
    """Return the names of the largest figures, the largest first."""
    largest = max(figures.values(), default=0.0)
    worth = [n for n, v in figures.items() if v > 0 and v >= _WORTH_NAMING * largest]
    return sorted(worth, key=lambda name: -figures[name])[:_SHOWN]
