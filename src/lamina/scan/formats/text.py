"""A result for people who read a terminal."""

from collections.abc import Iterator

from lamina.scan.finding import Finding, Outcome, at_least
from lamina.scan.formats.plain import printable
from lamina.scan.result import ScanResult


def to_text(result: ScanResult) -> str:
    """Write how each scanner ended, then the findings, the worst first."""
    return "\n".join(printable(line) for line in _lines(result)) + "\n"


def _lines(result: ScanResult) -> Iterator[str]:
    yield f"{result.subject}  {result.digest}".rstrip()
    width = max((len(outcome.scanner) for outcome in result.outcomes), default=0)
    for outcome in result.outcomes:
        yield f"  {outcome.scanner:<{width}}  {state_text(outcome):<12}  {detail(outcome)}".rstrip()
    for finding in result.findings:
        yield ""
        yield from _finding(finding)
    yield from _rest(result)


def state_text(outcome: Outcome) -> str:
    """Say how a scanner ended, with the number of findings."""
    count = len(outcome.findings)
    findings = f"{count} finding{'s' if count != 1 else ''}"
    if outcome.state == "not scanned":
        return f"not scanned, {findings}" if count else "not scanned"
    return findings if count else "clean"


def detail(outcome: Outcome) -> str:
    """Say why it has not scanned, or what it looked at."""
    return "; ".join(filter(None, (outcome.reason, outcome.coverage)))


def where(finding: Finding) -> str:
    """Say where it is; empty for what is nowhere."""
    place = finding.place
    if not place.path:
        return ""
    line = f", line {place.line}" if place.line else ""
    layer = f", layer {place.layer}" if place.layer else ""
    slash = "/" if place.layer else ""
    return f"{slash}{place.path}{line}{layer}"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity:<8}  {finding.text}"
    if spot := where(finding):
        yield f"          in: {spot}"
    if finding.hint:
        yield f"          try: {finding.hint}"
    yield f"          id: {finding.id}"
    if finding.link:
        yield f"          see: {finding.link}"


def _rest(result: ScanResult) -> Iterator[str]:
    if result.waived:
        yield ""
    for one in result.waived:
        yield f"accepted until {one.until}: {one.finding.id} ({one.reason})"
    if result.warnings:
        yield ""
    for warning in result.warnings:
        yield f"warning: {warning}"
    yield ""
    yield summary(result)


def summary(result: ScanResult) -> str:
    """Say in a sentence what the exit code says."""
    count, total = len(at_least(result.findings, result.threshold)), len(result.findings)
    parts = [f"{count} of {total} findings are {result.threshold} or worse"] if total else []
    if result.missing:
        names = ", ".join(outcome.scanner for outcome in result.missing)
        parts.append(f"not scanned: {names}")
    skipped = [o.scanner for o in result.outcomes if o.reason and o.scanner in result.allowed]
    if skipped:
        parts.append(f"not scanned, and allowed: {', '.join(skipped)}")
    return "; ".join(parts) or "clean"
