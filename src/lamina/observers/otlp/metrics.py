"""A build as metrics: its duration, its figures, and the bytes that it moved; pure.

Each process measures one build, so every stream has one point, which counts from the build's start.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from lamina.history.metrics import size_by_component
from lamina.history.record import BuildRecord
from lamina.history.rows import BuildRow
from lamina.observers.otlp.build_attributes import RESULTS, identity
from lamina.observers.otlp.values import LARGEST, Plain, attributes, nanoseconds

BOUNDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
"""Seconds at which the buckets of durations end."""

_DELTA: Final = 1
_CUMULATIVE: Final = 2

_Values = Iterable[tuple[Mapping[str, Plain], float | None]]


def metrics(record: BuildRecord, row: BuildRow, *, is_delta: bool) -> list[dict[str, Any]]:
    """Write the metrics of a build; those of which nothing is known are left out."""
    points = _Points(record, _DELTA if is_delta else _CUMULATIVE)
    result: dict[str, Plain] = {"cicd.pipeline.task.run.result": RESULTS[record.outcome]}
    found = (
        points.durations("lamina.build.duration", "How long builds take", [(result, row.seconds)]),
        points.durations(
            "lamina.build.phase.duration", "How long the phases of builds take",
            [({"lamina.build.phase": name}, took) for name, took in record.phases.items()],
        ),
        points.total("lamina.build.steps", "{step}", "Steps, by how they ended", _steps(record)),
        points.total(
            "lamina.build.transfer", "By", "Bytes fetched, and sent to registries or there already",
            _transfers(record, row),
        ),
        points.total("lamina.build.layer", "By", "Bytes of layers made or reused", _layers(record)),
        *_figures(points, row),
        points.gauges(
            "lamina.image.size", "By", "Bytes of the image's layers",
            [({"lamina.build.platform": one.platform}, one.size) for one in record.images],
        ),
        points.gauges(
            "lamina.image.component.size", "By", "Bytes of layers, by what they are for",
            [
                ({"lamina.image.component": str(part)}, size)
                for part, size in size_by_component(record).items()
            ],
        ),
    )  # fmt: skip
    return [metric for metric in found if metric is not None]


def _figures(points: "_Points", row: BuildRow) -> tuple[dict[str, Any] | None, ...]:
    saved = None if row.time_hit is None else row.saved_seconds
    delta = row.pull_bytes if row.layer_bytes else None
    return (
        points.gauge("lamina.build.time_hit_ratio", "1", "Time-weighted hit rate", row.time_hit),
        points.gauge("lamina.build.step_hit_ratio", "1", "Share of steps cached", row.step_hit),
        points.gauge("lamina.build.reuse_ratio", "1", "Share of bytes kept", row.reuse),
        points.gauge("lamina.build.saved", "s", "Net seconds that the cache saved", saved),
        points.gauge("lamina.build.pull_size", "By", "Bytes the build before has not", delta),
    )


def _steps(record: BuildRecord) -> _Values:
    counts = Counter((str(step.outcome), str(step.kind)) for step in record.steps)
    return [
        ({"lamina.step.outcome": outcome, "lamina.step.kind": kind}, count)
        for (outcome, kind), count in counts.items()
    ]


def _transfers(record: BuildRecord, row: BuildRow) -> _Values:
    sizes: Counter[str] = Counter()
    if record.wheels:
        sizes["fetched"] = row.fetched_bytes
    for transfer in record.transfers:
        sizes[transfer.how] += transfer.size
    return [({"lamina.transfer": how}, size) for how, size in sizes.items()]


def _layers(record: BuildRecord) -> _Values:
    sizes: Counter[bool] = Counter()
    for layer in {layer.digest: layer for layer in record.layers}.values():
        sizes[layer.cached] += layer.size
    return [({"lamina.layer.is_cached": cached}, size) for cached, size in sizes.items()]


class _Points:
    """Metrics of one build: when it was, and what tells its streams from others."""

    def __init__(self, record: BuildRecord, temporality: int) -> None:
        self._identity = identity(record)
        self._temporality = temporality
        self._times = {
            "startTimeUnixNano": nanoseconds(record.started),
            "timeUnixNano": nanoseconds(record.started + record.seconds),
        }

    def durations(self, name: str, text: str, values: _Values) -> dict[str, Any] | None:
        points = [
            {**self._point(members), **_distribution(seconds)}
            for members, seconds in values
            if seconds is not None
        ]
        data = {"dataPoints": points, "aggregationTemporality": self._temporality}
        return _metric(name, "s", text, points, {"histogram": data})

    def total(self, name: str, unit: str, text: str, values: _Values) -> dict[str, Any] | None:
        points = self._numbers(values)
        data = {
            "dataPoints": points,
            "aggregationTemporality": self._temporality,
            "isMonotonic": True,
        }
        return _metric(name, unit, text, points, {"sum": data})

    def gauges(self, name: str, unit: str, text: str, values: _Values) -> dict[str, Any] | None:
        points = self._numbers(values)
        return _metric(name, unit, text, points, {"gauge": {"dataPoints": points}})

    def gauge(self, name: str, unit: str, text: str, value: float | None) -> dict[str, Any] | None:
        return self.gauges(name, unit, text, [({}, value)])

    def _numbers(self, values: _Values) -> list[dict[str, Any]]:
        return [
            {**self._point(members), **_number(value)}
            for members, value in values
            if value is not None
        ]

    def _point(self, members: Mapping[str, Plain]) -> dict[str, Any]:
        return {**self._times, "attributes": attributes({**self._identity, **members})}


def _metric(
    name: str, unit: str, text: str, points: list[dict[str, Any]], data: dict[str, Any]
) -> dict[str, Any] | None:
    return {"name": name, "unit": unit, "description": text, **data} if points else None


def _number(value: float) -> dict[str, Any]:
    return {"asInt": min(value, LARGEST)} if isinstance(value, int) else {"asDouble": value}


def _distribution(seconds: float) -> dict[str, Any]:
    place = sum(bound < seconds for bound in BOUNDS)  # a bound belongs to the bucket that it ends
    return {
        "count": 1,
        "sum": seconds,
        "min": seconds,
        "max": seconds,
        "bucketCounts": [int(number == place) for number in range(len(BOUNDS) + 1)],
        "explicitBounds": list(BOUNDS),
    }
