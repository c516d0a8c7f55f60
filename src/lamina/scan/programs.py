"""Programs: trivy and grype, where somebody asks for them; their JSON becomes findings."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from lamina.scan.finding import SEVERITIES, Finding, Outcome, Place, Severity, not_scanned

Target = Literal["layout", "directory"]
NAMES: Final = ("trivy", "grype")
_TIMEOUT_S: Final = 1800
_MOST: Final = 100_000
_WORDS: Final[Mapping[str, Severity]] = {"negligible": "low", **{word: word for word in SEVERITIES}}
_UNSTATED: Final[Severity] = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One of the programs, found at ``path``; empty where it is not installed."""

    name: str
    path: str
    environment: Mapping[str, str]


def scan_with(program: Program, kind: Target, place: str) -> Outcome:
    """Run the program on an OCI layout or a directory.

    It ends as not scanned when it is missing, fails, or says what cannot be read.
    """
    if not program.path:
        return not_scanned(program.name, f"{program.name} is not installed")
    command = [program.path, *_arguments(program.name, kind, place)]
    try:
        done = subprocess.run(
            command,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return not_scanned(program.name, f"{program.name} could not run: {type(error).__name__}")
    if done.returncode != 0:
        return not_scanned(program.name, f"{program.name} failed: {_last_line(done.stderr)}")
    try:
        findings = tuple(read_findings(program.name, json.loads(done.stdout)))
    except (ValueError, TypeError, RecursionError):
        return not_scanned(program.name, f"what {program.name} says cannot be read")
    return Outcome(
        scanner=program.name, findings=findings, coverage=f"whatever {program.name} knows"
    )


def read_findings(name: str, document: object) -> Iterator[Finding]:
    """Read what a program printed; raise ``TypeError`` for another document."""
    if not isinstance(document, dict):
        raise TypeError("not an object")
    if name == "trivy":
        return _from_trivy(document)
    return _from_grype(document)


def _arguments(name: str, kind: Target, place: str) -> list[str]:
    if name == "trivy":
        what = ["image", "--input", place] if kind == "layout" else ["filesystem", place]
        return [what[0], "--quiet", "--format", "json", "--scanners", "vuln", *what[1:]]
    return [f"{'oci-dir' if kind == 'layout' else 'dir'}:{place}", "--quiet", "--output", "json"]


def _from_trivy(document: Mapping[str, Any]) -> Iterator[Finding]:
    if "SchemaVersion" not in document:
        raise TypeError("not a report of trivy")
    for result in _tables(document.get("Results")):
        for row in _tables(result.get("Vulnerabilities")):
            subject = f"{row.get('PkgName')} {row.get('InstalledVersion')}"
            yield _finding(
                str(row.get("VulnerabilityID")), subject, str(row.get("Severity")),
                title=row.get("Title"), fixed=row.get("FixedVersion"),
                path=row.get("PkgPath"), link=row.get("PrimaryURL"),
            )  # fmt: skip


def _from_grype(document: Mapping[str, Any]) -> Iterator[Finding]:
    if not isinstance(document.get("matches"), list):
        raise TypeError("not a report of grype")
    for match in _tables(document["matches"]):
        row, artifact = _table(match.get("vulnerability")), _table(match.get("artifact"))
        fixed = _table(row.get("fix")).get("versions")
        places = _tables(artifact.get("locations"))
        yield _finding(
            str(row.get("id")), f"{artifact.get('name')} {artifact.get('version')}",
            str(row.get("severity")), title=row.get("description"),
            fixed=", ".join(map(str, fixed)) if isinstance(fixed, list) else "",
            path=places[0].get("path") if places else "", link=row.get("dataSource"),
            aliases=[str(one.get("id")) for one in _tables(match.get("relatedVulnerabilities"))],
        )  # fmt: skip


def _finding(  # noqa: PLR0913 - what a row may say
    rule: str, subject: str, severity: str, *, title: object, fixed: object, path: object,
    link: object, aliases: Sequence[str] = (),
) -> Finding:  # fmt: skip
    known = _WORDS.get(severity.lower())
    summary = str(title or "no summary").strip().partition("\n")[0][:200]
    return Finding(
        rule=rule[:100],
        subject=subject[:200],
        severity=known or _UNSTATED,
        text=f"{subject[:200]} is vulnerable: {summary}"
        + ("" if known else " (severity not stated)"),
        aliases=tuple(alias for alias in aliases if alias != rule),
        place=Place(path=str(path or "").lstrip("/")),
        hint=f"fixed in {fixed}" if fixed else "no version is known to be without it",
        link=str(link) if str(link).startswith("https://") else "",
    )


def _tables(value: object) -> list[Mapping[str, Any]]:
    return (
        [row for row in value[:_MOST] if isinstance(row, dict)] if isinstance(value, list) else []
    )


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _last_line(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "it does not say why"
