"""One build: where its time and its bytes went, what missed, and why."""

from collections.abc import Sequence
from typing import Final

from lamina.history.blame import causes_of_misses
from lamina.history.graph import critical_path, own_seconds
from lamina.history.metrics import Ledger, ledger_of, miss_costs, size_by_component
from lamina.history.record import BuildRecord, LayerRecord, StepRecord
from lamina.history.situation import Situation
from lamina.reports.document import (
    Bar,
    Block,
    Cell,
    Column,
    Figure,
    Figures,
    Paragraph,
    Section,
    Table,
    Tile,
    Tone,
    Treemap,
    Unit,
    Waterfall,
)
from lamina.reports.figures import NOTHING, rate_text, value_text
from lamina.reports.ledger import ledger_text
from lamina.reports.verdicts import subject

_BARS: Final = 60
_SLOWEST: Final = 10
_MISSES: Final = 10
_ID: Final = 12
_STEP: Final = Column(key="step", title="step", unit=Unit.CODE)


def build_section(situation: Situation) -> Section:
    """Describe one build."""
    record, row = situation.record, situation.row
    blocks: list[Block] = [_facts(situation)]
    if record.error:
        blocks.append(Paragraph(text=f"The build failed: {record.error}", tone=Tone.BAD))
    blocks += _waterfall(record)
    blocks += _table_with_rows(_slowest(situation))
    blocks += _table_with_rows(_misses(situation))
    blocks += _sizes(record)
    title = f"Build {row.id[:_ID]} of {subject(row)}" if subject(row) else f"Build {row.id[:_ID]}"
    return Section(key="build", title=title, blocks=tuple(blocks))


def misses_section(situations: Sequence[Situation]) -> Section:
    """List the most expensive misses of several builds, each with its cause."""
    found = [
        (cost.seconds, situation, step, causes_of_misses(situation).get(cost.step, ""))
        for situation in situations
        for cost in miss_costs(situation.record)
        for step in situation.record.steps
        if step.id == cost.step
    ]
    found.sort(key=lambda item: -item[0])
    table = Table(
        key="expensive-misses",
        title="Most expensive misses",
        columns=(
            Column(key="build", title="build", unit=Unit.CODE),
            Column(key="started", title="started (UTC)", unit=Unit.TIME),
            _STEP,
            Column(key="seconds", title="cost", unit=Unit.SECONDS),
            Column(key="cause", title="cause"),
        ),
        rows=tuple(
            (situation.row.id[:_ID], situation.row.started, step.name, seconds, cause)
            for seconds, situation, step, cause in found[:_MISSES]
            if seconds > 0
        ),
        note=f"of the last {len(situations)} builds of this image",
    )
    return Section(key="misses", title="Misses", blocks=_table_with_rows(table))


def _table_with_rows(table: Table) -> tuple[Table, ...]:
    return (table,) if table.rows else ()


def _ledger(situation: Situation) -> Ledger:
    return ledger_of(situation.record, saved=situation.row.saved_seconds)


def _facts(situation: Situation) -> Figures:
    row = situation.row
    is_compared = row.reuse is not None
    return Figures(
        key="figures",
        title="Figures",
        items=(
            Figure(
                key="seconds", label="Build time", value=row.seconds, unit=Unit.SECONDS,
                note=f"{row.outcome}, {value_text(row.started, Unit.TIME)} UTC",
                tone=Tone.PLAIN if row.outcome == "done" else Tone.BAD,
            ),
            Figure(
                key="hit-rate", label="Hit rate, by time", value=row.time_hit, unit=Unit.RATE,
                note="" if row.step_hit is None else f"{rate_text(row.step_hit)} of the steps",
            ),
            Figure(
                key="saved", label="Saved by the cache", value=row.saved_seconds,
                unit=Unit.SECONDS, note=ledger_text(_ledger(situation)),
            ),
            Figure(
                key="image-size", label="Image size", value=row.image_bytes or None,
                unit=Unit.BYTES, note=", ".join(row.platforms.split("\n")),
            ),
            Figure(
                key="reuse", label="Layer reuse, by bytes", value=row.reuse, unit=Unit.RATE,
                note=f"{value_text(row.pull_bytes, Unit.BYTES)} to pull" if is_compared else "",
            ),
        ),
    )  # fmt: skip


def _waterfall(record: BuildRecord) -> tuple[Waterfall, ...]:
    """Draw the steps that took the most, by themselves and not by their parts."""
    took = own_seconds(record)
    longest = sorted(record.steps, key=lambda step: -took[step.id])[:_BARS]
    chosen = sorted(
        (step for step in longest if took[step.id] > 0), key=lambda step: (step.started, step.id)
    )
    if not chosen:
        return ()
    path = set(critical_path(record).steps)
    bars = tuple(_bar(step, is_long=step.id in path) for step in chosen)
    left = sum(took[step.id] > 0 for step in record.steps) - len(chosen)
    table = Table(
        key="waterfall-table",
        title="Steps in the order of their start",
        columns=(
            _STEP,
            Column(key="started", title="start", unit=Unit.SECONDS),
            Column(key="seconds", title="took", unit=Unit.SECONDS),
            Column(key="outcome", title="outcome"),
            Column(key="longest", title="on the longest way"),
        ),
        rows=tuple((b.label, b.start, b.seconds, b.state, "yes" * b.is_long) for b in bars),
        note=f"{left} shorter steps are left out" if left else "",
    )
    return (Waterfall(key="waterfall", title="When each step ran", bars=bars, table=table),)


def _bar(step: StepRecord, *, is_long: bool) -> Bar:
    return Bar(
        label=step.name or step.text or step.id,
        start=step.started,
        seconds=step.seconds,
        state=step.outcome,
        is_long=is_long,
    )


def _slowest(situation: Situation) -> Table:
    took = own_seconds(situation.record)
    steps = sorted(situation.record.steps, key=lambda step: -took[step.id])[:_SLOWEST]
    return Table(
        key="slowest",
        title="Slowest steps",
        columns=(
            _STEP,
            Column(key="seconds", title="took", unit=Unit.SECONDS),
            Column(key="usual", title="usually, when it runs", unit=Unit.SECONDS),
            Column(key="bytes", title="moved", unit=Unit.BYTES),
            Column(key="outcome", title="outcome"),
        ),
        rows=tuple(
            (
                step.name, took[step.id], situation.costs.get(step.key), step.bytes or None,
                step.outcome,
            )
            for step in steps
            if took[step.id] > 0
        ),
    )  # fmt: skip


def _misses(situation: Situation) -> Table:
    by_id = {step.id: step for step in situation.record.steps}
    causes = causes_of_misses(situation)
    return Table(
        key="misses",
        title="What missed the cache first, and what ran because of it",
        columns=(
            _STEP,
            Column(key="seconds", title="cost", unit=Unit.SECONDS),
            Column(key="after", title="steps after it", unit=Unit.COUNT),
            Column(key="cause", title="cause"),
        ),
        rows=tuple(
            (
                by_id[cost.step].name,
                cost.seconds,
                max(0, len(cost.chain) - 1),
                causes.get(cost.step, ""),
            )
            for cost in miss_costs(situation.record)[:_MISSES]
        ),
        note="what waited for several of them counts for each",
    )


def _sizes(record: BuildRecord) -> tuple[Block, ...]:
    """Draw the image as areas, and list it by component."""
    layers = list({layer.digest: layer for layer in record.layers if layer.size}.values())
    if not layers:
        return ()
    layers.sort(key=lambda layer: (-layer.size, layer.digest))
    total = sum(layer.size for layer in layers)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (layer_label(layer), layer.component, layer.size, layer.size / total) for layer in layers
    )
    columns = (
        Column(key="part", title="distribution or layer", unit=Unit.CODE),
        Column(key="component", title="component"),
        Column(key="bytes", title="size", unit=Unit.BYTES),
        Column(key="share", title="share", unit=Unit.RATE),
    )
    treemap = Treemap(
        key="treemap",
        title="Size of each dependency and layer",
        tiles=tuple(
            Tile(label=layer_label(layer), size=layer.size, group=layer.component)
            for layer in layers
        ),
        table=Table(key="layers", title="Size by dependency", columns=columns, rows=rows),
    )
    return treemap, _by_component(record, total)


def _by_component(record: BuildRecord, total: int) -> Table:
    sizes = sorted(size_by_component(record).items(), key=lambda item: -item[1])
    return Table(
        key="components",
        title="Size by component",
        columns=(
            Column(key="component", title="component"),
            Column(key="bytes", title="size", unit=Unit.BYTES),
            Column(key="share", title="share", unit=Unit.RATE),
        ),
        rows=tuple((str(name), size, size / total) for name, size in sizes),
    )


def layer_label(layer: LayerRecord) -> str:
    """Name a layer by the one distribution in it, or by its part and how many there are."""
    count = len(layer.distributions)
    if count == 1:
        return layer.distributions[0].replace("==", " ")
    name = layer.part or layer.name.removeprefix("lamina: ") or layer.digest[:19] or NOTHING
    return f"{name} ({count} distributions)" if count else name
