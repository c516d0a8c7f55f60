"""Past builds for people: a table of many, and one in full."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from lamina.history.graph import critical_path
from lamina.history.metrics import (
    Costs,
    ledger_of,
    miss_cost,
    size_by_component,
    wall_seconds_saved,
)
from lamina.history.record import BuildRecord, StepOutcome, StepRecord
from lamina.history.rows import BuildRow
from lamina.observers.printable import printable
from lamina.reports.ledger import ledger_text
from lamina.sizes import bytes_text

SHORT_ID: Final = 8
_HEAD: Final = (
    "BUILD", "STARTED", "SECONDS", "OUTCOME", "IMAGE", "SIZE", "PULL", "HITS", "SAVED", "REUSED",
)  # fmt: skip
_RIGHT: Final = frozenset({2, 5, 6, 7, 8, 9})
_LONGEST: Final = 72
_MANY: Final = 10


def list_text(rows: Sequence[BuildRow]) -> str:
    """Draw a table of builds."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    return "\n".join(_aligned(cells, _RIGHT))


def build_text(row: BuildRow, record: BuildRecord, costs: Costs) -> str:
    """Draw all of one build: facts, steps, layers, what was moved, and the figures.

    ``costs`` are what its steps usually take.
    """
    parts = [
        _facts(row, record),
        ["steps", *_steps(record)],
        ["layers", *_layers(record)] if record.layers else [],
        _figures(row, record, costs),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _cells(row: BuildRow) -> tuple[str, ...]:
    name, _, more = row.names.partition("\n")
    shown = printable(name or row.project) + (f" +{more.count(chr(10)) + 1}" if more else "")
    is_known = row.layer_bytes > 0
    return (
        row.id[:SHORT_ID],
        _when(row.started),
        seconds_text(row.seconds),
        row.outcome,
        shown,
        bytes_text(row.image_bytes) if row.image_bytes else "",
        bytes_text(row.pull_bytes) if is_known else "",
        percent(row.time_hit),
        f"{seconds_text(row.saved_seconds)} s" if row.time_hit is not None else "",
        percent(row.reuse),
    )


def percent(rate: float | None) -> str:
    """Write a rate; only all of it is 100 %, and only nothing is 0 %.

    >>> percent(0.999), percent(0.0001), percent(None)
    ('99 %', '1 %', '')
    """
    if rate is None:
        return ""
    return f"{round(rate * 100) if rate in {0, 1} else min(99, max(1, round(rate * 100)))} %"


def seconds_text(seconds: float) -> str:
    """Write seconds, with two places where they matter.

    >>> seconds_text(0.21), seconds_text(42.13)
    ('0.21', '42.1')
    """
    return f"{seconds:.1f}" if abs(seconds) >= _MANY else f"{seconds:.2f}"


def _when(started: float) -> str:
    try:
        return datetime.fromtimestamp(started, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "?"


def _aligned(cells: Sequence[Sequence[str]], right: frozenset[int]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        texts = (
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(texts).rstrip()


def _facts(row: BuildRow, record: BuildRecord) -> list[str]:
    commit = " ".join(filter(None, (record.revision[:12], record.branch, record.ci)))
    rows = (
        ("started", f"{_when(record.started)} on {record.host}" if record.host else ""),
        ("engine", f"{record.engine} ({record.tool})" if record.tool else record.engine),
        ("project", record.project),
        ("image", " ".join(record.names)),
        ("platform", " ".join(record.platforms)),
        ("commit", commit),
        ("digest", row.digest),
        *(("wrote", publication.destination) for publication in record.publications),
        ("error", record.error),
        *(("warning", text) for text in record.warnings),
    )
    title = f"build {record.id}  {record.outcome}  {seconds_text(record.seconds)} s"
    return [title, *(f"  {name:<8}  {printable(text)}" for name, text in rows if text)]


def _steps(record: BuildRecord) -> Iterator[str]:
    """Draw the tree of steps: when each began, how long it took, and how it ended."""
    parts: dict[str, list[StepRecord]] = defaultdict(list)
    known = {step.id for step in record.steps}
    for step in record.steps:
        parts[step.parent if step.parent in known else ""].append(step)
    waiting = [(step, 1) for step in reversed(parts[""])]
    while waiting:
        step, depth = waiting.pop()
        yield from _step_lines(step, depth)
        waiting += [(part, depth + 1) for part in reversed(parts[step.id])]


def _step_lines(step: StepRecord, depth: int) -> Iterator[str]:
    ending = "" if step.outcome is StepOutcome.DONE else f"  {step.outcome}"
    moved = f"  {bytes_text(step.bytes)}" if step.bytes else ""
    name = _short(printable(step.name).replace("\n", " "))
    yield f"{step.started:8.2f} {step.seconds:8.2f} s  {'  ' * (depth - 1)}{name}{moved}{ending}"
    for text in (*step.log, *(f"warning: {warning}" for warning in step.warnings)):
        yield f"{'':20} {'  ' * depth}{printable(text)}"


def _layers(record: BuildRecord) -> Iterator[str]:
    rows = [
        (
            "cached" if layer.cached else "made",
            bytes_text(layer.size),
            printable(layer.digest.removeprefix("sha256:")[:12]),
            layer.component,
            _short(printable(layer.name.removeprefix("lamina: "))),
        )
        for layer in record.layers
    ]
    return (f"  {line}" for line in _aligned(rows, frozenset({1})))


def _figures(row: BuildRow, record: BuildRecord, costs: Costs) -> list[str]:
    names = {step.id: step.name for step in record.steps}
    miss = miss_cost(record)
    path = critical_path(record)
    rows = (
        ("time", _listed((k, f"{seconds_text(v)} s") for k, v in record.phases.items())),
        ("longest", _chain(names[id_] for id_ in path.steps)),
        ("hits", _hits(row)),
        ("cache", ledger_text(ledger_of(record, saved=row.saved_seconds))),
        ("sooner", _sooner(record, costs)),
        ("miss", f"{printable(names[miss.step])}: {seconds_text(miss.seconds)} s" if miss else ""),
        ("size", _listed((k, bytes_text(v)) for k, v in size_by_component(record).items())),
        ("reuse", _reuse(row)),
        ("fetched", bytes_text(row.fetched_bytes) if record.wheels else ""),
        ("pushed", _listed(_transfers(record))),
    )
    return [f"{name:<8}  {text}" for name, text in rows if text]


def _hits(row: BuildRow) -> str:
    if row.time_hit is None:
        return ""
    return (
        f"{percent(row.time_hit)} of the time, {seconds_text(row.saved_seconds)} s saved"
        f" ({percent(row.step_hit)} of the steps)"
    )


def _sooner(record: BuildRecord, costs: Costs) -> str:
    """Say what somebody who waited for the build was spared, if anything was cached."""
    if not any(step.is_hit for step in record.steps):
        return ""
    return f"{seconds_text(wall_seconds_saved(record, costs))} s than if all steps had run"


def _reuse(row: BuildRow) -> str:
    if row.reuse is None:
        return ""
    above = percent(row.reuse_above_base)
    more = f", {above} above the base" if above else ""
    return f"{percent(row.reuse)} of the bytes{more}; {bytes_text(row.pull_bytes)} to pull"


def _transfers(record: BuildRecord) -> Iterator[tuple[str, str]]:
    sizes: dict[str, int] = defaultdict(int)
    for transfer in record.transfers:
        sizes[transfer.how] += transfer.size
    return ((how, bytes_text(size)) for how, size in sizes.items())


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{printable(name)} {text}" for name, text in pairs)


def _chain(names: Iterable[str]) -> str:
    return " \N{RIGHTWARDS ARROW} ".join(_short(printable(name), 40) for name in names)


def _short(text: str, width: int = _LONGEST) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}\N{HORIZONTAL ELLIPSIS}"
