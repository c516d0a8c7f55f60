"""The trace that a build is a part of: ``TRACEPARENT`` and ``TRACESTATE`` (W3C Trace Context)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_LONGEST_STATE: Final = 512
_FORBIDDEN_VERSION: Final = "ff"
_FIRST_VERSION: Final = "00"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceContext:
    """Whose trace it is, which span asked for the build, and whether the trace is kept."""

    trace_id: bytes
    span_id: bytes
    is_sampled: bool
    state: str = ""


def trace_context(variables: Mapping[str, str]) -> TraceContext | None:
    """Read the variables; None where they name no trace, or name it wrongly.

    >>> found = trace_context({"TRACEPARENT": f"00-{'ab' * 16}-{'cd' * 8}-01"})
    >>> found.trace_id.hex()[:4], found.is_sampled
    ('abab', True)
    """
    match = _TRACEPARENT.fullmatch(variables.get("TRACEPARENT", "").strip())
    if match is None or match[1] == _FORBIDDEN_VERSION or (match[1] == _FIRST_VERSION and match[5]):
        return None
    trace, span = bytes.fromhex(match[2]), bytes.fromhex(match[3])
    if not any(trace) or not any(span):
        return None
    state = variables.get("TRACESTATE", "").strip()
    return TraceContext(
        trace_id=trace,
        span_id=span,
        is_sampled=bool(int(match[4], 16) & 1),
        state=state if len(state) <= _LONGEST_STATE and state.isprintable() else "",
    )
