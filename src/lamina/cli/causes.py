"""Why the steps of a build missed, by the ids that its record has."""

from itertools import islice

from lamina.explain.cause import explain
from lamina.explain.explanation import Miss
from lamina.explain.native import explain_layers, is_native
from lamina.explain.readings import Readings
from lamina.history.record import BuildRecord

_SHOWN = 3


def causes(
    record: BuildRecord, previous: BuildRecord | None, readings: Readings | None = None
) -> dict[str, str]:
    """Say why each step missed that has causes of its own; nothing of builds without another."""
    if previous is None:
        return {}
    if record.kind == "trace":
        misses = explain(record, previous, readings).misses
    elif is_native(record) and is_native(previous):
        misses = explain_layers(record, previous).misses
    else:
        return {}
    return {miss.step: _text(miss) for miss in misses if miss.step and miss.causes}


def _text(miss: Miss) -> str:
    more = len(miss.causes) - _SHOWN
    texts = "; ".join(cause.text for cause in islice(miss.causes, _SHOWN))
    return texts + f"; and {more} more" * (more > 0)
