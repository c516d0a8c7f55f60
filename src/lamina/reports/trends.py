"""Trends: the builds of an image over time, and what is usual for them."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import median
from typing import Final

from lamina.history.budget import RECENT, Verdict
from lamina.history.metrics import Ledger
from lamina.history.record import BuildOutcome, StepKey
from lamina.history.rows import BuildRow
from lamina.history.spread import spread
from lamina.reports.document import (
    Column,
    Figure,
    Figures,
    Section,
    Series,
    Table,
    Tone,
    Trend,
    Unit,
)
from lamina.reports.figures import seconds_text, value_text
from lamina.reports.ledger import ledger_text
from lamina.reports.verdicts import alert_paragraphs

SHORT_ID: Final = 8
_LISTED: Final = 200
_SLOWEST: Final = 5
_DIGITS: Final = {Unit.SECONDS: 2, Unit.RATE: 3, Unit.BYTES: 0}

Measure = Callable[[BuildRow], float | None]
_MEASURES: Final[tuple[tuple[str, str, Unit, Measure], ...]] = (
    ("seconds", "Build time", Unit.SECONDS, lambda row: row.seconds),
    ("image-size", "Image size", Unit.BYTES, lambda row: row.image_bytes or None),
    ("hit-rate", "Hit rate, by time", Unit.RATE, lambda row: row.time_hit),
    ("reuse", "Layer reuse, by bytes", Unit.RATE, lambda row: row.reuse),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTrend:
    """The builds of one scope for the same platforms, oldest first; there is at least one.

    ``scope`` names the platforms too, where there are several trends of one scope.
    """

    scope: str
    title: str
    rows: tuple[BuildRow, ...]

    @property
    def last(self) -> BuildRow:
        """The newest build."""
        return self.rows[-1]

    @property
    def done(self) -> list[BuildRow]:
        """The builds that succeeded."""
        return [row for row in self.rows if row.outcome == BuildOutcome.DONE]


def image_trends(rows: Iterable[BuildRow]) -> tuple[ImageTrend, ...]:
    """Sort builds by what they are compared with; what was built last comes first."""
    groups = _groups(sorted(rows, key=lambda row: (row.started, row.id)))
    count = Counter(scope for scope, _ in groups)
    subjects = [_subject(scope) for scope in count]
    trends = []
    for (scope, platforms), found in groups.items():
        more = ", " + platforms.replace("\n", " ") if count[scope] > 1 else ""
        title = _title(found[-1], subjects) + more
        trends.append(ImageTrend(scope=scope + more, title=title, rows=tuple(found)))
    return tuple(sorted(trends, key=lambda trend: -trend.last.started))


def _groups(rows: Sequence[BuildRow]) -> dict[tuple[str, str], list[BuildRow]]:
    """Sort builds by scope and platforms; one that came to nothing may not have known these.

    Then it goes with those that were built last, or first, if there are none before it.
    """
    done = [row for row in rows if row.outcome == BuildOutcome.DONE]
    known = {(row.scope, row.platforms) for row in done}
    last = {row.scope: row.platforms for row in reversed(done)}
    groups: dict[tuple[str, str], list[BuildRow]] = defaultdict(list)
    for row in rows:
        is_known = (row.scope, row.platforms) in known
        platforms = row.platforms if is_known else last.get(row.scope, "")
        groups[row.scope, platforms].append(row)
        if row.outcome == BuildOutcome.DONE:
            last[row.scope] = row.platforms
    return groups


def overview(trends: Sequence[ImageTrend]) -> Section:
    """List every image with its last build and what is usual for it."""
    columns = (
        Column(key="image", title="image", unit=Unit.CODE),
        Column(key="builds", title="builds", unit=Unit.COUNT),
        Column(key="last", title="last build (UTC)", unit=Unit.TIME),
        Column(key="outcome", title="outcome"),
        Column(key="seconds", title="time", unit=Unit.SECONDS),
        Column(key="median-seconds", title="median", unit=Unit.SECONDS),
        Column(key="image-size", title="size", unit=Unit.BYTES),
        Column(key="hit-rate", title="hit rate", unit=Unit.RATE),
        Column(key="reuse", title="reuse", unit=Unit.RATE),
        Column(key="saved", title="saved in all", unit=Unit.SECONDS),
    )
    table = Table(
        key="images", title="Images", columns=columns, rows=tuple(map(_overview_row, trends))
    )
    return Section(key="overview", title="Overview", blocks=(table,))


def image_section(
    trend: ImageTrend,
    *,
    costs: Mapping[StepKey, float],
    verdicts: Sequence[Verdict],
    ledger: Ledger | None = None,
) -> Section:
    """Describe an image: its last build, alerts, trends, and the steps that cost most.

    ``ledger`` is that of the last build.
    """
    slowest = _slowest(costs)
    return Section(
        key=f"image {trend.scope}",
        title=trend.title,
        blocks=(
            _figures(trend, ledger_text(ledger) if ledger else ""),
            *alert_paragraphs(verdicts),
            *_charts(trend),
            *((slowest,) if slowest.rows else ()),
        ),
    )


def _overview_row(trend: ImageTrend) -> tuple[str | float | None, ...]:
    last = trend.last
    usual = spread(row.seconds for row in trend.done)
    return (
        trend.title, len(trend.rows), last.started, last.outcome, last.seconds,
        usual.median if usual else None, last.image_bytes or None, last.time_hit, last.reuse,
        _saved(trend),
    )  # fmt: skip


def _saved(trend: ImageTrend) -> float:
    return fsum(row.saved_seconds for row in trend.rows)


def _figures(trend: ImageTrend, ledger: str) -> Figures:
    last = trend.last
    failed = len(trend.rows) - len(trend.done)
    is_done = last.outcome == BuildOutcome.DONE
    return Figures(
        key="last",
        title="Last build",
        items=(
            Figure(
                key="outcome", label="Last build", value=last.outcome, unit=Unit.TEXT,
                note=f"{value_text(last.started, Unit.TIME)} UTC",
                tone=Tone.PLAIN if is_done else Tone.BAD,
            ),
            *(_figure(trend, *measure) for measure in _MEASURES),
            Figure(
                key="saved", label="Saved by the cache", value=_saved(trend), unit=Unit.SECONDS,
                note=f"{seconds_text(last.saved_seconds)} of it in the last build"
                + (f": {ledger}" if ledger else ""),
            ),
            Figure(
                key="builds", label="Builds", value=len(trend.rows), unit=Unit.COUNT,
                note=f"{failed} not done" if failed else "all done",
            ),
        ),
    )  # fmt: skip


def _figure(trend: ImageTrend, key: str, title: str, unit: Unit, measure: Measure) -> Figure:
    usual = spread(measure(row) for row in trend.done)
    note = ""
    if usual:
        note = f"median {value_text(usual.median, unit)}"
        note += f" \N{PLUS-MINUS SIGN} {value_text(usual.mad, unit)}" if usual.mad else ""
    return Figure(key=key, label=title, value=measure(trend.last), unit=unit, note=note)


def _charts(trend: ImageTrend) -> Iterator[Trend]:
    """Yield a chart of each measure that was ever measured."""
    for key, title, unit, measure in _MEASURES:
        if any(measure(row) is not None for row in trend.done):
            yield _chart(trend, key, title, unit, measure)


def _chart(trend: ImageTrend, key: str, title: str, unit: Unit, measure: Measure) -> Trend:
    done = [
        _rounded(measure(row), unit) if row.outcome == BuildOutcome.DONE else None
        for row in trend.rows
    ]
    usual = spread(measure(row) for row in trend.done)
    series = [
        Series(label=title, values=tuple(done)),
        Series(label=f"median of {RECENT}", values=tuple(_rolling(done, unit))),
    ]
    if unit is Unit.SECONDS and len(trend.done) < len(trend.rows):
        lost = (None if row.outcome == BuildOutcome.DONE else row.seconds for row in trend.rows)
        series.append(Series(label="not done", values=tuple(_rounded(v, unit) for v in lost)))
    return Trend(
        key=key, title=title, unit=unit, times=tuple(round(row.started) for row in trend.rows),
        series=tuple(series), table=_listed(trend, key, title, unit, measure),
        middle=usual.median if usual else None,
    )  # fmt: skip


def _rolling(values: Sequence[float | None], unit: Unit) -> Iterator[float | None]:
    """Yield at each value the median of it and the ones before."""
    window: deque[float] = deque(maxlen=RECENT)
    for value in values:
        if value is not None:
            window.append(value)
        yield _rounded(median(window), unit) if window and value is not None else None


def _rounded(value: float | None, unit: Unit) -> float | None:
    if value is None:
        return None
    digits = _DIGITS[unit]
    return round(value, digits) if digits else float(round(value))


def _listed(trend: ImageTrend, key: str, title: str, unit: Unit, measure: Measure) -> Table:
    newest = trend.rows[: -_LISTED - 1 : -1]
    left = len(trend.rows) - len(newest)
    return Table(
        key=f"{key}-table",
        title=f"{title} of each build",
        columns=(
            Column(key="build", title="build", unit=Unit.CODE),
            Column(key="started", title="started (UTC)", unit=Unit.TIME),
            Column(key="outcome", title="outcome"),
            Column(key=key, title=title.lower(), unit=unit),
        ),
        rows=tuple((r.id[:SHORT_ID], r.started, r.outcome, measure(r)) for r in newest),
        note=f"{left:,} older builds are left out of this table" if left else "",
    )


def _slowest(costs: Mapping[StepKey, float]) -> Table:
    worst = sorted(costs.items(), key=lambda item: (-item[1], item[0]))[:_SLOWEST]
    return Table(
        key="slowest-steps",
        title="Steps that cost most when they run",
        columns=(
            Column(key="step", title="step", unit=Unit.CODE),
            Column(key="seconds", title="usually", unit=Unit.SECONDS),
        ),
        rows=tuple((step_label(key), seconds) for key, seconds in worst if seconds > 0),
    )


def step_label(key: StepKey) -> str:
    """Name a step by what stays equal between builds.

    >>> step_label(("linux/amd64", "builder", "RUN make", 0))
    'builder: RUN make'
    """
    _, stage, text, ordinal = key
    name = f"{stage}: {text}" if stage else text
    return f"{name} ({ordinal + 1})" if ordinal else name


def _subject(scope: str) -> str:
    return scope.split(" ", 2)[-1]


def _title(row: BuildRow, subjects: Sequence[str]) -> str:
    """Name an image; where two engines build it, with the engine."""
    subject = _subject(row.scope) or "builds without a name"
    is_ambiguous = subjects.count(_subject(row.scope)) > 1
    return f"{subject} ({row.kind}, {row.engine})" if is_ambiguous else subject
