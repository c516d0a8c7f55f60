"""The layers of an image, and for each the step that stands for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from lamina.events import Event, LayerBuilt
from lamina.history.native_steps import distributions_in
from lamina.history.record import LayerRecord, StepKind, StepOutcome, StepRecord
from lamina.history.seen import ancestors, place


def layer_units(
    told: Sequence[Event], steps: Sequence[StepRecord]
) -> tuple[tuple[LayerRecord, ...], list[StepRecord]]:
    """Find the image's layers, and the step that stands for each.

    A layer that was made or found in a step of its own is that step.  Several layers of one step,
    such as a base's, divide its time by their bytes.  Layers told outside of the making of an
    image, such as a toolchain's, are in no image.
    """
    by_id = {step.id: step for step in steps}
    tops = {step.id for step in steps if step.kind is StepKind.BUILD}
    built = [
        event
        for event in told
        if isinstance(event, LayerBuilt) and tops.intersection((event.step, *ancestors(event.step)))
    ]
    built.sort(key=lambda event: place(event.step))  # the image's order, not that of the making
    sizes: Counter[str] = Counter()
    for event in built:
        sizes[event.step] += 0 if event.cached else event.size
    layers, units, claimed = [], [], set[str]()
    for number, event in enumerate(built):
        step = by_id[event.step]
        is_own = step.kind is StepKind.LAYER and step.id not in claimed
        claimed.add(step.id)
        unit = _own_unit(step, event) if is_own else _part_unit(step, event, number, sizes)
        units.append(unit)
        layers.append(_record(event, unit))
    return tuple(layers), units


def _own_unit(step: StepRecord, event: LayerBuilt) -> StepRecord:
    return replace(step, text=event.part or step.text, outcome=_hit_or_miss(event))


def _part_unit(step: StepRecord, event: LayerBuilt, number: int, sizes: Counter[str]) -> StepRecord:
    is_timed = step.kind is not StepKind.BUILD and not event.cached
    share = event.size / sizes[step.id] if is_timed and sizes[step.id] else 0.0
    part = event.part or " ".join(n.partition("==")[0] for n in distributions_in(event.name))
    return StepRecord(
        id=f"{step.id}/{number}",
        name=event.name,
        kind=StepKind.LAYER,
        outcome=_hit_or_miss(event),
        parent=step.id,
        platform=step.platform,
        text=part or event.name,
        started=step.started,
        seconds=step.seconds * share,
    )


def _hit_or_miss(event: LayerBuilt) -> StepOutcome:
    return StepOutcome.CACHED if event.cached else StepOutcome.DONE


def _record(event: LayerBuilt, unit: StepRecord) -> LayerRecord:
    return LayerRecord(
        digest=str(event.digest),
        size=max(0, event.size),
        name=event.name,
        part=unit.text,
        component=event.component,
        cached=event.cached,
        platform=unit.platform,
        step=unit.id,
        distributions=distributions_in(event.name),
    )
