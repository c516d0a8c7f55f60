"""A build as a trace: one span for it, one for each step, with parents and links; pure."""

from collections.abc import Mapping
from typing import Any, Final

from lamina.history.record import BuildOutcome, BuildRecord, LayerRecord, StepOutcome, StepRecord
from lamina.history.rows import BuildRow
from lamina.observers.otlp.build_attributes import RESULTS, build_attributes, name_of
from lamina.observers.otlp.context import TraceContext
from lamina.observers.otlp.values import attributes, nanoseconds, span_id, text, trace_id

MOST_STEPS: Final = 2000
MOST_LINKS: Final = 128
_INTERNAL: Final = 1
_ERROR: Final = 2
_SAMPLED: Final = 1
_LONGEST_NAME: Final = 200


def spans(record: BuildRecord, row: BuildRow, context: TraceContext | None) -> list[dict[str, Any]]:
    """Write the spans of a build, the build's own first; part of the trace that ``context`` names.

    A step's span is a child of the step that it is a part of, and links to those that it waited
    for.  What steps printed is not in it.
    """
    if context is not None and not context.is_sampled:
        return []
    trace = _Trace(record, context)
    kept = record.steps[:MOST_STEPS]
    left_out = len(record.steps) - len(kept)
    return [trace.build(row, left_out), *(trace.step(step) for step in kept)]


class _Trace:
    """Spans of one build."""

    def __init__(self, record: BuildRecord, context: TraceContext | None) -> None:
        self._record = record
        self._context = context
        self._id = context.trace_id if context else trace_id(record.id)
        self._known = {step.id for step in record.steps[:MOST_STEPS]}
        self._layers = {layer.step: layer for layer in record.layers if layer.step}

    def build(self, row: BuildRow, left_out: int) -> dict[str, Any]:
        record = self._record
        facts = build_attributes(record, row)
        parent = {"parentSpanId": self._context.span_id} if self._context else {}
        return {
            **self._span("", f"build {name_of(record)}".strip()),
            **parent,
            **_times(record.started, record.seconds),
            "attributes": attributes({**facts, "lamina.build.steps_left_out": left_out or None}),
            "events": self._warnings(record.warnings, record.seconds),
            "status": _status(record.outcome is BuildOutcome.FAILED, record.error),
        }

    def step(self, step: StepRecord) -> dict[str, Any]:
        begin = self._record.started + step.started
        parent = step.parent if step.parent in self._known and step.parent != step.id else ""
        return {
            **self._span(step.id, step.name or step.id),
            "parentSpanId": span_id(self._record.id, parent),
            **_times(begin, step.seconds),
            "attributes": attributes(_step_attributes(step, self._layers)),
            "events": self._warnings(step.warnings, step.started + step.seconds),
            **self._links(step),
            "status": _status(step.outcome is StepOutcome.FAILED, step.error),
        }

    def _span(self, step: str, name: str) -> dict[str, Any]:
        state = {"traceState": self._context.state} if self._context else {}
        return {
            "traceId": self._id,
            "spanId": span_id(self._record.id, step),
            **state,
            "flags": _SAMPLED,
            "name": text(name)[:_LONGEST_NAME],
            "kind": _INTERNAL,
        }

    def _links(self, step: StepRecord) -> dict[str, Any]:
        waited_for = [id_ for id_ in dict.fromkeys(step.inputs) if id_ in self._known]
        links = [
            {
                "traceId": self._id,
                "spanId": span_id(self._record.id, id_),
                "attributes": attributes({"lamina.link": "input"}),
            }
            for id_ in waited_for[:MOST_LINKS]
        ]
        return {"links": links, "droppedLinksCount": len(waited_for) - len(links)}

    def _warnings(self, texts: tuple[str, ...], at: float) -> list[dict[str, Any]]:
        return [
            {
                "timeUnixNano": nanoseconds(self._record.started + at),
                "name": "lamina.warning",
                "attributes": attributes({"lamina.warning": warning}),
            }
            for warning in texts[:MOST_LINKS]
        ]


def _step_attributes(step: StepRecord, layers: Mapping[str, LayerRecord]) -> dict[str, Any]:
    layer = layers.get(step.id)
    has_failed = step.outcome in {StepOutcome.FAILED, StepOutcome.UNFINISHED}
    found = {
        "lamina.layer.digest": layer.digest,
        "lamina.layer.size": layer.size,
        "lamina.layer.component": str(layer.component),
    } if layer else {}  # fmt: skip
    return {
        "cicd.pipeline.task.run.result": RESULTS[step.outcome],
        "error.type": "_OTHER" if has_failed else None,
        "lamina.step.kind": str(step.kind),
        "lamina.step.outcome": str(step.outcome),
        "lamina.step.is_cacheable": step.is_cacheable,
        "lamina.step.platform": step.platform,
        "lamina.step.stage": step.stage,
        "lamina.step.bytes": step.bytes or None,
        **found,
    }


def _times(begin: float, seconds: float) -> dict[str, int]:
    return {
        "startTimeUnixNano": nanoseconds(begin),
        "endTimeUnixNano": nanoseconds(begin + seconds),
    }


def _status(has_failed: bool, error: str) -> dict[str, Any]:  # noqa: FBT001 - a verdict and its reason
    """Write a status; a span that went well has none of its own (recording-errors.md)."""
    return {"code": _ERROR, "message": text(error)} if has_failed else {}
