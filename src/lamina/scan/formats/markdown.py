"""A result as Markdown, for a pull request or a job's summary; foreign text stands in code."""

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from lamina.scan.finding import Finding
from lamina.scan.formats.plain import printable
from lamina.scan.formats.text import detail, state_text, summary, where
from lamina.scan.result import ScanResult

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
_MENTION: Final = re.compile(r"([@:])(?=\w|//)")
_SHOWN: Final = 200


def to_markdown(result: ScanResult) -> str:
    """Write two tables: how each scanner ended, and what was found; at most 200 findings."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: ScanResult) -> Iterator[str]:
    yield f"### Scan of {_safe(result.subject)}"
    yield ""
    yield f"{_safe(summary(result))}."
    yield ""
    yield "| scanner | outcome | |"
    yield "| --- | --- | --- |"
    for outcome in result.outcomes:
        yield f"| {_safe(outcome.scanner)} | **{state_text(outcome)}** | {_safe(detail(outcome))} |"
    if result.findings:
        yield from ("", "| severity | finding | where | try |", "| --- | --- | --- | --- |")
    for finding in result.findings[:_SHOWN]:
        yield _row(finding)
    if len(result.findings) > _SHOWN:
        yield f"| | and {len(result.findings) - _SHOWN} more | | |"
    yield from _rest(result)


def _row(finding: Finding) -> str:
    place = where(finding) or finding.subject
    cells = (finding.severity, _safe(finding.text), _safe(place), _safe(finding.hint))
    return f"| {' | '.join(cells)} |"


def _rest(result: ScanResult) -> Iterator[str]:
    if result.waived or result.warnings:
        yield ""
    for one in result.waived:
        yield f"- accepted until {one.until}: {_safe(one.finding.id)} ({_safe(one.reason)})"
    for warning in result.warnings:
        yield f"- warning: {_safe(warning)}"


def _safe(text: str) -> str:
    """Write foreign text so that it neither draws tables nor mentions people nor links."""
    escaped = _SPECIAL.sub(r"\\\1", escape(printable(text), quote=False))
    return _MENTION.sub("\\1\u200b", escaped)
