"""Verdicts on budgets, for people: as lines, as annotations of GitHub, and as parts of a report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from lamina.history.blame import Culprit
from lamina.history.budget import Verdict
from lamina.history.rows import BuildRow
from lamina.reports.document import Paragraph, Tone, Unit
from lamina.reports.figures import plain, seconds_text, value_text
from lamina.sizes import bytes_text

_UNITS: Final[Mapping[str, Unit]] = {
    "outcome": Unit.TEXT,
    "seconds": Unit.SECONDS,
    "image-size": Unit.BYTES,
    "growth": Unit.BYTES,
    "hit-rate": Unit.RATE,
    "reuse": Unit.RATE,
}
_NAMES: Final[Mapping[str, str]] = {
    "outcome": "outcome",
    "seconds": "build time",
    "image-size": "image size",
    "growth": "growth",
    "hit-rate": "hit rate",
    "reuse": "layer reuse",
}
_OF_STEPS: Final = frozenset({"seconds", "hit-rate"})
_LEAST: Final = frozenset({"hit-rate", "reuse"})
_ESCAPES: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_TITLES: Final = {**_ESCAPES, ":": "%3A", ",": "%2C"}


def text_lines(row: BuildRow, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Write one line for each budget, and below a broken one a line for each culprit."""
    yield f"build {plain(row.id)}  {plain(subject(row))}  {value_text(row.seconds, Unit.SECONDS)}"
    for verdict in verdicts:
        yield f"  {verdict.standing:<8} {_NAMES[verdict.budget]}: {sentence(verdict)}"
        for culprit in verdict.culprits:
            yield f"{'':11}- {culprit_text(culprit)}"


def github_lines(
    row: BuildRow, verdicts: Sequence[Verdict], advice: Sequence[str] = ()
) -> Iterator[str]:
    """Write a workflow command for each broken budget, which annotates the run.

    ``advice`` is what would have kept steps from running.
    """
    for verdict in verdicts:
        if verdict.is_broken:
            title = _escaped(f"{_NAMES[verdict.budget]} of {plain(subject(row))}", _IN_TITLES)
            blamed = [culprit_text(culprit) for culprit in verdict.culprits]
            tried = (
                [f"try: {plain(text)}" for text in advice] if verdict.budget in _OF_STEPS else []
            )
            message = "\n".join([sentence(verdict), *blamed, *tried])
            yield f"::error title={title}::{_escaped(message, _ESCAPES)}"


def verdicts_to_json(row: BuildRow, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Turn verdicts into a JSON object; numbers are seconds, bytes and rates."""
    return {
        "build": row.id,
        "image": subject(row),
        "isWithinBudgets": not any(verdict.is_broken for verdict in verdicts),
        "budgets": [asdict(verdict) for verdict in verdicts],
    }


def alert_paragraphs(verdicts: Iterable[Verdict]) -> Iterator[Paragraph]:
    """Turn what is broken into paragraphs of a report."""
    for verdict in verdicts:
        if verdict.is_broken:
            blamed = "; ".join(map(culprit_text, verdict.culprits))
            text = f"{_NAMES[verdict.budget].capitalize()}: {sentence(verdict)}"
            yield Paragraph(text=f"{text}. {blamed}" if blamed else text, tone=Tone.BAD)


def sentence(verdict: Verdict) -> str:
    """Say what the figure is and what it may be."""
    unit = _UNITS[verdict.budget]
    if verdict.actual is None or verdict.limit is None:
        return verdict.basis
    bound = "at least" if verdict.budget in _LEAST else "at most"
    is_change = verdict.budget == "growth"
    actual = value_text(verdict.actual, unit, is_change=is_change)
    basis = f" ({verdict.basis})" if verdict.basis else ""
    return f"{actual}, {bound} {value_text(verdict.limit, unit)} allowed{basis}"


def culprit_text(culprit: Culprit) -> str:
    """Name a step or a layer, what it took or added, and why."""
    amounts = [
        *([seconds_text(culprit.seconds)] if culprit.seconds else []),
        *([bytes_text(culprit.bytes)] if culprit.bytes else []),
    ]
    text = "  ".join([*amounts, plain(culprit.name)])
    return f"{text}: {plain(culprit.cause)}" if culprit.cause else text


def subject(row: BuildRow) -> str:
    """Name what a build was of: its image, else its project."""
    return row.names.partition("\n")[0] or row.project


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in text)
