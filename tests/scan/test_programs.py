"""Programs of others are run where somebody asks for them, and never believed to have scanned."""

import json
from pathlib import Path
from typing import Any

import pytest

from lamina.scan.programs import Program, read_findings, scan_with

TRIVY = {
    "SchemaVersion": 2,
    "Results": [
        {"Target": "a"},
        {
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-1",
                    "PkgName": "openssl",
                    "PkgPath": "usr/lib/x",
                    "InstalledVersion": "1.0",
                    "FixedVersion": "1.1",
                    "Severity": "CRITICAL",
                    "Title": "A hole\nand more",
                    "PrimaryURL": "https://a.example/CVE-1",
                },
                {"VulnerabilityID": "CVE-2", "PkgName": "zlib", "Severity": "UNKNOWN"},
            ]
        },
    ],
}
GRYPE = {
    "matches": [
        {
            "vulnerability": {
                "id": "GHSA-1",
                "severity": "Negligible",
                "description": "A hole",
                "dataSource": "https://a.example/1",
                "fix": {"versions": ["2.0"], "state": "fixed"},
            },
            "relatedVulnerabilities": [{"id": "CVE-1"}],
            "artifact": {"name": "toy", "version": "1.0", "locations": [{"path": "/a/METADATA"}]},
        }
    ]
}


def program(folder: Path, name: str, script: str) -> Program:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Program(name=name, path=str(path), environment={"PATH": "/usr/bin:/bin"})


def test_what_trivy_says_becomes_findings() -> None:
    first, second = read_findings("trivy", TRIVY)

    assert (first.id, first.severity, first.hint) == (
        "CVE-1:openssl 1.0",
        "critical",
        "fixed in 1.1",
    )
    assert (first.text, first.place.path) == ("openssl 1.0 is vulnerable: A hole", "usr/lib/x")
    assert (second.severity, second.text) == (
        "high",
        "zlib None is vulnerable: no summary (severity not stated)",
    )


def test_what_grype_says_becomes_findings() -> None:
    (finding,) = read_findings("grype", GRYPE)

    assert (finding.id, finding.severity) == ("GHSA-1:toy 1.0", "low")
    assert finding.is_called("CVE-1")


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("trivy", "layout", "image --quiet --format json --scanners vuln --input /a/layout"),
        ("trivy", "directory", "filesystem --quiet --format json --scanners vuln /a/layout"),
        ("grype", "layout", "oci-dir:/a/layout --quiet --output json"),
        ("grype", "directory", "dir:/a/layout --quiet --output json"),
    ],
)
def test_a_program_is_asked_in_its_own_words(
    tmp_path: Path, name: str, kind: Any, words: str
) -> None:
    said = json.dumps(TRIVY if name == "trivy" else GRYPE)
    found = program(tmp_path, name, f"echo \"$@\" > {tmp_path}/words\ncat <<'END'\n{said}\nEND")

    outcome = scan_with(found, kind, "/a/layout")

    assert outcome.state == "findings"
    assert (tmp_path / "words").read_text().strip() == words


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo FATAL the database is away >&2; exit 1", "the database is away"),
        ("exit 3", "it does not say why"),
        ("echo not json", "cannot be read"),
        ("echo '{}'", "cannot be read"),
        ("echo '[]'", "cannot be read"),
        ("kill -9 $$", "failed"),
    ],
)
def test_a_program_that_fails_has_not_scanned(tmp_path: Path, script: str, says: str) -> None:
    for name in ("trivy", "grype"):
        outcome = scan_with(program(tmp_path, name, script), "directory", "/a")

        assert outcome.state == "not scanned"
        assert says in outcome.reason


def test_a_program_that_is_not_there_has_not_scanned(tmp_path: Path) -> None:
    absent = Program(name="trivy", path="", environment={})
    gone = Program(name="trivy", path=str(tmp_path / "trivy"), environment={})

    assert scan_with(absent, "layout", "/a").reason == "trivy is not installed"
    assert scan_with(gone, "layout", "/a").state == "not scanned"
