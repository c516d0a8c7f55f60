"""A result for programs: everything that is known, as one JSON document."""

import json
from typing import Any, Final

from lamina.scan.finding import Finding
from lamina.scan.formats.plain import printable
from lamina.scan.result import ScanResult

_VERSION: Final = 1


def to_json(result: ScanResult) -> str:
    """Write a result; the same scan gives the same bytes."""
    document = {
        "version": _VERSION,
        "subject": result.subject,
        "digest": result.digest or None,
        "threshold": result.threshold,
        "exitCode": result.exit_code,
        "scanners": [
            {
                "name": outcome.scanner,
                "state": outcome.state,
                "isAllowedNotToScan": outcome.scanner in result.allowed,
                "reason": outcome.reason or None,
                "coverage": outcome.coverage or None,
                "findings": [_finding(finding) for finding in outcome.findings],
            }
            for outcome in result.outcomes
        ],
        "accepted": [
            {
                "scanner": one.scanner,
                "until": one.until.isoformat(),
                "reason": one.reason,
                "finding": _finding(one.finding),
            }
            for one in result.waived
        ],
        "warnings": list(result.warnings),
    }
    return json.dumps(plain(document), indent=2) + "\n"


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Replace in every text of a document what no program expects there."""
    match value:
        case str():
            return printable(value)
        case dict():
            return {plain(key): plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case _:
            return value


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "rule": finding.rule,
        "aliases": list(finding.aliases),
        "subject": finding.subject,
        "severity": finding.severity,
        "text": finding.text,
        "path": finding.place.path or None,
        "line": finding.place.line or None,
        "layer": finding.place.layer or None,
        "hint": finding.hint or None,
        "link": finding.link or None,
    }
