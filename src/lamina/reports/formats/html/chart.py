"""Trends for the charting script: values in the unit of their axis, as harmless JSON."""

import json
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from lamina.reports.document import Series, Trend, Unit
from lamina.reports.figures import time_text, value_text

_MEGABYTE: Final = 1e6
_GIGABYTE: Final = 1e9
_WIDE: Final = 8
_TIME_AXIS: Final = "start of the build (UTC)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What an axis counts in: what its name says, and what values are divided by."""

    label: str
    divisor: float
    digits: int
    lowest: float | None = None
    highest: float | None = None
    is_log: bool = False


def trend(chart: Trend, id_: str, *, group: str) -> str:
    """Write the place of a chart and its data; charts of one ``group`` share their cursor."""
    axis = axis_of(chart)
    data = {
        "group": group,
        "x": _TIME_AXIS,
        "y": axis.label,
        "digits": axis.digits,
        "lowest": axis.lowest,
        "highest": axis.highest,
        "log": axis.is_log,
        "labels": [series.label for series in chart.series],
        "data": [list(chart.times), *(_scaled(series, axis) for series in chart.series)],
    }
    return (
        f'<p class="readout" id="{id_}-readout">{escape(_summary(chart))}</p>\n'
        f'<div class="chart" id="{id_}" role="img" aria-label="{escape(about(chart, axis))}"></div>'
        f'\n<script type="application/json" id="{id_}-data">{harmless_json(data)}</script>'
    )


def axis_of(chart: Trend) -> Axis:
    """Choose the unit of the axis by the largest value."""
    match chart.unit:
        case Unit.RATE:
            return Axis(label="percent", divisor=0.01, digits=0, lowest=0, highest=100)
        case Unit.BYTES:
            largest = max((v for s in chart.series for v in s.values if v is not None), default=0)
            if largest >= _GIGABYTE:
                return Axis(label="GB", divisor=_GIGABYTE, digits=3)
            return Axis(label="MB", divisor=_MEGABYTE, digits=1)
        case _:
            if _is_wide(chart):
                return Axis(label=f"{chart.unit} (log)", divisor=1, digits=2, is_log=True)
            return Axis(label=str(chart.unit), divisor=1, digits=2, lowest=0)


def _is_wide(chart: Trend) -> bool:
    """Whether one scale hides all but the largest values, as a first build does the others."""
    values = [v for series in chart.series for v in series.values if v is not None]
    is_positive = min(values, default=0.0) > 0
    return is_positive and max(values) > _WIDE * (chart.middle or max(values))


def about(chart: Trend, axis: Axis) -> str:
    """Say in words what the chart shows."""
    first, last = (time_text(time) for time in (chart.times[0], chart.times[-1]))
    return (
        f"{chart.title} in {axis.label} of {len(chart.times)} builds from {first} to {last}; "
        f"{_summary(chart)}"
    )


def harmless_json(value: Any) -> str:  # noqa: ANN401 - JSON
    """Write JSON that can stand inside a script element, whatever texts it holds."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _summary(chart: Trend) -> str:
    last, middle = value_text(chart.last, chart.unit), value_text(chart.middle, chart.unit)
    return f"last {last}, median {middle}"


def _scaled(series: Series, axis: Axis) -> list[float | None]:
    return [
        None if value is None else round(value / axis.divisor, axis.digits)
        for value in series.values
    ]
