"""Situations and documents of made-up builds, and one whose every name is hostile."""

from dataclasses import fields, replace
from typing import Any

from lamina.history.budget import check
from lamina.history.costs import Samples, learn, usual
from lamina.history.record import BuildRecord
from lamina.history.rows import BuildRow, row_of
from lamina.history.situation import Situation
from lamina.project.budgets import Allowance, Budgets
from lamina.reports.build import build_section, misses_section
from lamina.reports.comparison import comparison_section
from lamina.reports.document import Document
from lamina.reports.trends import image_section, image_trends, overview
from tests.support.past_builds import past_builds

HOSTILE = "<script>alert(1)</script>'\"&`|[x](javascript:1)\x1b[2J\u202e@who --> ]]> ${x} {{x}}"


def situations(*records: BuildRecord) -> list[Situation]:
    """Set each build among those before it; records come oldest first."""
    samples: Samples = {}
    rows: list[BuildRow] = []
    found: list[Situation] = []
    previous = None
    for record in records:
        row = row_of(record, samples, previous)
        found.append(
            Situation(
                row=row, record=record, earlier=tuple(rows[::-1]), previous=previous,
                costs=usual(samples),
            )
        )  # fmt: skip
        samples = learn(samples, record)
        if record.outcome == "done":
            rows, previous = [*rows, row], record
    return found


def document(*records: BuildRecord) -> Document:
    """Make the whole report of some builds, the last one in full."""
    found = situations(*records)
    last, before = found[-1], found[-2]
    budgets = Budgets(seconds=Allowance(share=0.01))
    trends = image_trends(situation.row for situation in found)
    sections = [overview(trends)]
    sections += [
        image_section(trend, costs=last.costs, verdicts=check(budgets, last)) for trend in trends
    ]
    return Document(
        title="Builds",
        subtitle=f"{len(found)} builds",
        sections=(
            *sections,
            build_section(last),
            misses_section(found[-10:]),
            comparison_section((before.row, before.record), (last.row, last.record)),
        ),
    )


def plausible(count: int = 40) -> Document:
    """Make the report of a plausible history."""
    return document(*past_builds(count))


def hostile() -> Document:
    """Make a report of builds in which everything that is a text attacks whoever shows it."""
    return document(*(_poisoned(record) for record in past_builds(12)))


def _poisoned(record: BuildRecord) -> BuildRecord:
    poisoned: BuildRecord = replace(
        _with_texts(record),
        id=f"{record.id[:6]}{HOSTILE}",
        started=record.started,
        names=(f"{HOSTILE}/x",),
        steps=tuple(_with_texts(step, text=step.text + HOSTILE) for step in record.steps),
        layers=tuple(
            _with_texts(
                layer, part=layer.part + HOSTILE, distributions=(f"{HOSTILE}=={layer.size}",)
            )
            for layer in record.layers
        ),
        phases={**record.phases, HOSTILE: 3.0},
    )
    return poisoned


_KEPT = {"id", "parent", "step", "digest", "outcome", "kind", "component", "text", "part"}


def _with_texts(value: Any, **members: Any) -> Any:
    """Replace each text member by the hostile one, but for what joins values."""
    texts = {
        field.name: HOSTILE
        for field in fields(value)
        if field.name not in _KEPT and isinstance(getattr(value, field.name), str)
    }
    return replace(value, **{**texts, **members})
