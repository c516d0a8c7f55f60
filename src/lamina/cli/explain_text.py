"""Explanations and forecasts for people."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lamina.explain.explanation import Cause, Confidence, Explanation, Miss
from lamina.explain.what_if import Forecast
from lamina.observers.printable import printable
from lamina.sizes import bytes_text

_SHORT_ID: Final = 8
_MOST_CAUSES: Final = 8
_MOST_BELOW: Final = 6
_LONGEST: Final = 88


def explanation_text(found: Explanation, path: str) -> str:
    """Draw an explanation: what was run and why, the dearest cause first."""
    parts = [
        [_title(found)],
        *(_root(miss, found.misses, path) for miss in found.roots),
        _unexplained(found, path),
        [f"try: {printable(line)}" for line in found.advice],
        [f"note: {printable(line)}" for line in found.notes],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _title(found: Explanation) -> str:
    against = f" against {found.previous[:_SHORT_ID]}" if found.previous else ""
    build = f"build {found.build[:_SHORT_ID]}{against}"
    if not found.steps:
        return f"{build}: nothing is known of what it reused"
    if not found.misses:
        return f"{build}: all of {found.steps} steps were reused"
    return f"{build}: {len(found.misses)} of {found.steps} steps ran, {found.seconds:.1f} s"


def _root(miss: Miss, all_: Sequence[Miss], path: str) -> list[str]:
    below = [other for other in all_ if not other.causes and miss.name in other.because]
    cost = f"{miss.seconds:.1f} s"
    if below:
        cost += f", {miss.below:.1f} s with what ran because of it"
    if miss.bytes:
        cost += f", {bytes_text(miss.bytes)}"
    return [
        f"{_name(miss, path)}  {cost}",
        *_causes(miss.causes),
        *_listed([f"  so ran: {_name(other, path)}  {other.seconds:.1f} s" for other in below]),
    ]


def _causes(causes: Sequence[Cause]) -> Iterator[str]:
    for cause in causes[:_MOST_CAUSES]:
        likely = "probably: " if cause.confidence is Confidence.LIKELY else ""
        yield f"  why: {likely}{printable(cause.text)}"
    if len(causes) > _MOST_CAUSES:
        yield f"  and {len(causes) - _MOST_CAUSES} more"


def _listed(lines: Sequence[str]) -> list[str]:
    if len(lines) <= _MOST_BELOW:
        return [*lines]
    return [*lines[:_MOST_BELOW], f"  and {len(lines) - _MOST_BELOW} more"]


def _unexplained(found: Explanation, path: str) -> list[str]:
    """List what ran for reasons that nobody can tell."""
    rest = [miss for miss in found.misses if not miss.causes and not miss.because]
    return _listed([f"{_name(miss, path)}  {miss.seconds:.1f} s" for miss in rest])


def _name(miss: Miss, path: str) -> str:
    where = f" ({path}:{miss.line})" if miss.line else ""
    platform = f"{miss.platform}: " if miss.platform else ""
    return platform + short(printable(miss.name)) + where


def forecast_text(found: Forecast) -> str:
    """Draw a forecast, with the steps that it runs."""
    lines = [_summary(found)]
    for run in found.reruns:
        seconds = "" if run.seconds is None else f"  {run.seconds:.1f} s"
        doubt = "" if run.is_sure else "  (if the bytes that it takes differ)"
        where = f" (line {run.line})" if run.line else ""
        lines.append(f"  {short(printable(run.name))}{where}{seconds}{doubt}")
    return "\n".join(lines)


def _summary(found: Forecast) -> str:
    if not found.reruns:
        return f"{printable(found.change)}: nothing runs again; {found.note}"
    text = f"{printable(found.change)}: {len(found.reruns)} of {found.steps} steps run again"
    return f"{text}{_seconds(found)}{_rate(found)}"


def _seconds(found: Forecast) -> str:
    most, least = found.seconds, found.sure_seconds
    if most is None:
        return ""
    if least is not None and round(least, 1) < round(most, 1):
        return f", {least:.1f} to {most:.1f} s"
    return f", {most:.1f} s"


def _rate(found: Forecast) -> str:
    return f"; {found.rate:.0%} of commits" if found.rate is not None and found.rate < 1 else ""


def ranking_text(found: Iterable[Forecast], limit: int) -> str:
    """Draw a table of files, the dearest by commit first."""
    rows = list(found)
    head = ("SECONDS", "COMMITS", "BY COMMIT", "STEPS", "FILE")
    cells = [head, *(_cells(row) for row in rows[:limit])]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head) - 1)]
    lines = [
        "  ".join([*(cell.rjust(w) for cell, w in zip(row[:-1], widths, strict=True)), row[-1]])
        for row in cells
    ]
    if len(rows) > limit:
        lines.append(f"and {len(rows) - limit} more files")
    return "\n".join(lines)


def _cells(row: Forecast) -> tuple[str, ...]:
    known = row.seconds is not None
    return (
        f"{row.seconds:.1f}" if known else "?",
        "?" if row.rate is None else f"{row.rate:.1%}",
        f"{row.expected:.2f}" if known and row.rate is not None else "?",
        str(len(row.reruns)),
        printable(row.change.removeprefix("edit ")),
    )


def short(text: str) -> str:
    """Cut a text that would not fit into a line."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
