"""Two builds side by side: what changed in figures, phases, steps and layers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lamina.history.blame import place_of, what_moved
from lamina.history.graph import own_seconds
from lamina.history.metrics import size_by_component
from lamina.history.phases import PHASES
from lamina.history.record import BuildRecord, LayerRecord, StepKey
from lamina.history.rows import BuildRow
from lamina.reports.build import layer_label
from lamina.reports.document import (
    Block,
    Cell,
    Column,
    Paragraph,
    Quantity,
    Section,
    Table,
    Tone,
    Unit,
)
from lamina.reports.figures import value_text
from lamina.reports.trends import step_label

_ID: Final = 12
_SHOWN: Final = 12
_WORTH_SHOWING_S: Final = 0.1
_LESS_IS_GOOD: Final = frozenset({Unit.SECONDS, Unit.BYTES})
_NOTICEABLE: Final = 0.01
_SAVED: Final = "saved by the cache"

Build = tuple[BuildRow, BuildRecord]


def comparison_section(before: Build, after: Build) -> Section:
    """Compare two builds; figures first."""
    old, new = before[0], after[0]
    blocks: list[Block] = [
        Paragraph(
            text=f"Before: {old.id[:_ID]}, {value_text(old.started, Unit.TIME)} UTC. "
            f"After: {new.id[:_ID]}, {value_text(new.started, Unit.TIME)} UTC."
        ),
        _figures(before, after),
        _steps(before[1], after[1]),
        _layers(before[1], after[1]),
    ]
    kept = (block for block in blocks if not isinstance(block, Table) or block.rows)
    return Section(key="comparison", title="Before and after", blocks=tuple(kept))


def _figures(before: Build, after: Build) -> Table:
    return figures_table(
        "changes",
        [
            (name, Quantity(value=old, unit=unit), Quantity(value=new, unit=unit),
             change(old, new, unit, is_gain=name == _SAVED))
            for name, unit, old, new in _pairs(before, after)
            if old is not None or new is not None
        ],
    )  # fmt: skip


def figures_table(key: str, rows: Sequence[tuple[Cell, ...]]) -> Table:
    """Set figures before and after side by side, each row with its change."""
    return Table(
        key=key,
        title="Figures",
        columns=(
            Column(key="figure", title="figure"),
            Column(key="before", title="before", unit=Unit.COUNT),
            Column(key="after", title="after", unit=Unit.COUNT),
            Column(key="change", title="change", unit=Unit.COUNT),
        ),
        rows=tuple(rows),
    )


def _pairs(before: Build, after: Build) -> Iterator[tuple[str, Unit, float | None, float | None]]:
    (old, old_record), (new, new_record) = before, after
    yield "build time", Unit.SECONDS, old.seconds, new.seconds
    yield "image size", Unit.BYTES, old.image_bytes or None, new.image_bytes or None
    yield "hit rate, by time", Unit.RATE, old.time_hit, new.time_hit
    yield _SAVED, Unit.SECONDS, old.saved_seconds, new.saved_seconds
    yield "layer reuse, by bytes", Unit.RATE, old.reuse, new.reuse
    for phase in PHASES:
        yield (
            f"phase: {phase}", Unit.SECONDS, old_record.phases.get(phase),
            new_record.phases.get(phase),
        )  # fmt: skip
    old_sizes, new_sizes = size_by_component(old_record), size_by_component(new_record)
    for component in dict.fromkeys((*old_sizes, *new_sizes)):
        yield (
            f"component: {component}", Unit.BYTES, old_sizes.get(component),
            new_sizes.get(component),
        )  # fmt: skip


def change(old: float | None, new: float | None, unit: Unit, *, is_gain: bool = False) -> Quantity:
    """Subtract; what is not there counts as nothing.

    Less time and fewer bytes are good, unless they are what was gained; a higher rate is.
    """
    if unit is Unit.RATE and (old is None or new is None):
        return Quantity(value=None, unit=unit)
    difference = (new or 0.0) - (old or 0.0)
    is_noticeable = abs(difference) > _NOTICEABLE * max(abs(old or 0.0), abs(new or 0.0))
    is_good = (difference < 0) == (unit in _LESS_IS_GOOD and not is_gain)
    tone = (Tone.GOOD if is_good else Tone.BAD) if is_noticeable else Tone.PLAIN
    return Quantity(value=difference, unit=unit, is_change=True, tone=tone)


def _steps(before: BuildRecord, after: BuildRecord) -> Table:
    old, new = _seconds(before), _seconds(after)
    changes = {key: new.get(key, 0.0) - old.get(key, 0.0) for key in {**old, **new}}
    worst = sorted(changes, key=lambda key: (-abs(changes[key]), key))[:_SHOWN]
    return Table(
        key="changed-steps",
        title="Steps whose time changed most",
        columns=(
            Column(key="step", title="step", unit=Unit.CODE),
            Column(key="before", title="before", unit=Unit.SECONDS),
            Column(key="after", title="after", unit=Unit.SECONDS),
            Column(key="change", title="change", unit=Unit.SECONDS),
        ),
        rows=tuple(
            (step_label(key), old.get(key), new.get(key),
             change(old.get(key), new.get(key), Unit.SECONDS))
            for key in worst
            if abs(changes[key]) >= _WORTH_SHOWING_S
        ),
    )  # fmt: skip


def _seconds(record: BuildRecord) -> dict[StepKey, float]:
    took = own_seconds(record)
    return {step.key: took[step.id] for step in record.steps}


def _layers(before: BuildRecord, after: BuildRecord) -> Table:
    old = {place_of(layer): layer for layer in before.layers}
    new = {place_of(layer): layer for layer in after.layers}
    places = [
        place for place in dict.fromkeys((*new, *old)) if _digest(old, place) != _digest(new, place)
    ]
    moved = what_moved(after, before)
    rows = [_layer_row(old.get(place), new.get(place), moved) for place in places]
    rows.sort(key=lambda row: -max(_number(row[1]), _number(row[2])))
    return Table(
        key="changed-layers",
        title="Layers that changed",
        columns=(
            Column(key="layer", title="layer", unit=Unit.CODE),
            Column(key="before", title="before", unit=Unit.BYTES),
            Column(key="after", title="after", unit=Unit.BYTES),
            Column(key="change", title="change", unit=Unit.BYTES),
            Column(key="what", title="what changed"),
        ),
        rows=tuple(rows),
    )


def _layer_row(
    old: LayerRecord | None, new: LayerRecord | None, moved: Mapping[str, str]
) -> tuple[Cell, ...]:
    layer = new or old
    name = layer_label(layer) if layer else ""
    before, after = old.size if old else None, new.size if new else None
    what = moved.get(new.digest, "") if new else "is gone"
    return name, before, after, change(before, after, Unit.BYTES), what


def _digest(layers: Mapping[tuple[str, str], LayerRecord], place: tuple[str, str]) -> str:
    return layers[place].digest if place in layers else ""


def _number(cell: Cell) -> float:
    return cell if isinstance(cell, int | float) else 0.0
