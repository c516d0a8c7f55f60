"""A result as SARIF 2.1.0 (OASIS), for code scanning of GitHub and whoever else reads it."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

from lamina.scan.accepted import Waived
from lamina.scan.finding import Finding, Severity
from lamina.scan.formats.json import plain
from lamina.scan.result import ScanResult

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final[Mapping[Severity, str]] = {
    "low": "note", "medium": "warning", "high": "error", "critical": "error",
}  # fmt: skip
_SCORES: Final[Mapping[Severity, str]] = {
    "low": "3.0", "medium": "5.5", "high": "8.0", "critical": "9.5",
}  # fmt: skip
"""What GitHub sorts by; it has no words for it."""


def to_sarif(result: ScanResult) -> str:
    """Write one run; accepted findings are there too, suppressed (3.27.23)."""
    waived = [(one.finding, one) for one in result.waived]
    rows = [(finding, None) for finding in result.findings] + waived
    rules = list({finding.rule: finding for finding, _ in rows}.values())
    numbers = {finding.rule: number for number, finding in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "lamina",
                "semanticVersion": version("lamina"),
                "rules": [_rule(finding) for finding in rules],
            }
        },
        "invocations": [_invocation(result)],
        "results": [
            _result(finding, one, number=numbers[finding.rule], subject=result.subject)
            for finding, one in rows
        ],
        "properties": {
            "subject": result.subject,
            "scanners": {outcome.scanner: outcome.state for outcome in result.outcomes},
        },
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(plain(document), indent=2) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    members: dict[str, Any] = {
        "id": finding.rule,
        "shortDescription": {"text": finding.text},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {"security-severity": _SCORES[finding.severity], "tags": ["security"]},
    }
    if finding.link:
        members["helpUri"] = finding.link
    return members


def _invocation(result: ScanResult) -> dict[str, Any]:
    """Say that the run was not successful where something was not scanned (3.20.14)."""
    notes = [
        _note(f"not scanned: {outcome.scanner}: {outcome.reason}", "error", outcome.scanner)
        for outcome in result.outcomes
        if outcome.reason
    ]
    notes += [_note(warning, "warning", "settings") for warning in result.warnings]
    return {
        "executionSuccessful": not result.missing,
        "exitCode": result.exit_code,
        "toolExecutionNotifications": notes,
    }


def _note(text: str, level: str, what: str) -> dict[str, Any]:
    return {"message": {"text": text}, "level": level, "descriptor": {"id": what}}


def _result(
    finding: Finding, waived: Waived | None, *, number: int, subject: str
) -> dict[str, Any]:
    hint = f" ({finding.hint})" if finding.hint else ""
    members: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.text}{hint}"},
        "locations": [_location(finding, subject)],
        "partialFingerprints": {
            "laminaFinding/v1": hashlib.sha256(printable_id(finding)).hexdigest()
        },
        "properties": {"id": finding.id, "severity": finding.severity},
    }
    if finding.place.layer:
        members["properties"]["layer"] = finding.place.layer
    if waived is not None:
        until = f"accepted until {waived.until}: {waived.reason}"
        # Without a status it is accepted (3.35.4), and readers of older drafts know none.
        members["suppressions"] = [{"kind": "external", "justification": until}]
    return members


def printable_id(finding: Finding) -> bytes:
    """Return the id as bytes, whatever a file's name holds."""
    return finding.id.encode("utf-8", "surrogatepass")


def _location(finding: Finding, subject: str) -> dict[str, Any]:
    """Say where: a file, or else what was scanned, for readers that insist on a file."""
    path = finding.place.path.encode("utf-8", "surrogateescape")
    uri = quote(path) if path else quote(subject, safe="/")
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if finding.place.line:
        physical["region"] = {"startLine": finding.place.line}
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": finding.subject}],
    }
