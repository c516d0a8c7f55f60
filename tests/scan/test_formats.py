"""Each format says all of a result, holds no secret, and cannot be broken by foreign text."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic_sarif.model import (  # type: ignore[import-untyped]
    StaticAnalysisResultsFormatSarifVersion210JsonSchema as Schema,
)

from lamina.scan.accepted import Waived
from lamina.scan.advisory import IndexAdvisories
from lamina.scan.finding import Finding, Outcome, Place, not_scanned
from lamina.scan.formats.json import to_json
from lamina.scan.formats.markdown import to_markdown
from lamina.scan.formats.sarif import to_sarif
from lamina.scan.formats.text import to_text
from lamina.scan.result import ScanResult
from tests.scan.advisory_server import AdvisoryServer
from tests.scan.bench import asker, means, scan
from tests.scan.planted import RELEASES, all_ids, all_secrets, planted_config, planted_layers
from tests.support.synthetic import image_of

FORMATS = {"text": to_text, "json": to_json, "sarif": to_sarif, "markdown": to_markdown}
HOLE = Finding(
    rule="PYSEC-1",
    subject="toy 1.0",
    severity="critical",
    text="toy 1.0 is vulnerable: a hole",
    place=Place(path="usr/lib/toy 1/METADATA", layer=2),
    hint="fixed in 1.1",
    link="https://osv.dev/vulnerability/PYSEC-1",
)
KEY = Finding(
    rule="secret/private-key", subject="/a.key", severity="low", text="a private key",
    place=Place(path="a.key", line=3, layer=1),
)  # fmt: skip
EVIL = "a\x1b[31m\u202e|\n# `b` <img src=x> @me \udc80 ](http://a) \u2028"
RESULT = ScanResult(
    subject="toy:1",
    digest="sha256:12",
    outcomes=(
        Outcome(scanner="vulnerabilities", findings=(HOLE,), coverage="1 distributions"),
        not_scanned("debian", "offline"),
        Outcome(scanner="secrets", findings=(KEY,)),
        Outcome(scanner="permissions", coverage="9 paths"),
    ),
    waived=(Waived(finding=KEY, scanner="secrets", until=date(2027, 1, 1), reason="we know"),),
    warnings=("CVE-9 was accepted until 2026-01-01",),
)


@pytest.fixture(scope="module")
def planted() -> ScanResult:
    with AdvisoryServer(RELEASES) as server:
        chosen = means(IndexAdvisories(asker(), server.simple_url))
        outcomes = scan(*image_of(planted_layers()), chosen, config=planted_config())
    return ScanResult(subject="planted:1", outcomes=outcomes)


@pytest.mark.parametrize("name", FORMATS)
def test_no_secret_is_shown_whole_in_any_format(planted: ScanResult, name: str) -> None:
    text = FORMATS[name](planted)

    assert [secret for secret in all_secrets() if secret in text] == []


@pytest.mark.parametrize("name", ["text", "json", "sarif"])
def test_every_finding_is_in_every_format(planted: ScanResult, name: str) -> None:
    text = FORMATS[name](planted)

    assert [one for one in all_ids() if one not in text] == []


@pytest.mark.parametrize("result", ["small", "planted", "evil", "empty"])
def test_sarif_is_what_its_schema_allows(result: str, planted: ScanResult) -> None:
    """The models are made from the schema of OASIS, and forbid what it does not know."""
    chosen = {
        "small": RESULT,
        "planted": planted,
        "evil": _evil(),
        "empty": ScanResult(subject="toy", outcomes=()),
    }[result]

    Schema.model_validate_json(to_sarif(chosen))


def test_sarif_says_what_was_not_scanned_and_what_is_accepted() -> None:
    (run,) = json.loads(to_sarif(RESULT))["runs"]
    (invocation,) = run["invocations"]

    assert invocation["executionSuccessful"] is False
    assert [note["message"]["text"] for note in invocation["toolExecutionNotifications"]] == [
        "not scanned: debian: offline",
        "CVE-9 was accepted until 2026-01-01",
    ]
    assert [(row["ruleId"], row["level"], "suppressions" in row) for row in run["results"]] == [
        ("PYSEC-1", "error", False),
        ("secret/private-key", "note", False),
        ("secret/private-key", "note", True),
    ]
    assert _uris(run) == ["usr/lib/toy%201/METADATA", "a.key", "a.key"]


def test_a_result_as_text() -> None:
    assert to_text(RESULT) == """\
toy:1  sha256:12
  vulnerabilities  1 finding     1 distributions
  debian           not scanned   offline
  secrets          1 finding
  permissions      clean         9 paths

critical  toy 1.0 is vulnerable: a hole
          in: /usr/lib/toy 1/METADATA, layer 2
          try: fixed in 1.1
          id: PYSEC-1:toy 1.0
          see: https://osv.dev/vulnerability/PYSEC-1

low       a private key
          in: /a.key, line 3, layer 1
          id: secret/private-key:/a.key

accepted until 2027-01-01: secret/private-key:/a.key (we know)

warning: CVE-9 was accepted until 2026-01-01

1 of 2 findings are medium or worse; not scanned: debian
"""  # fmt: skip


def test_json_says_each_state_and_the_exit_code() -> None:
    document = json.loads(to_json(RESULT))

    assert [(row["name"], row["state"]) for row in document["scanners"]] == [
        ("vulnerabilities", "findings"),
        ("debian", "not scanned"),
        ("secrets", "findings"),
        ("permissions", "clean"),
    ]
    assert (document["exitCode"], document["version"]) == (1, 1)


@pytest.mark.parametrize("write", FORMATS.values(), ids=list(FORMATS))
def test_foreign_text_steers_nothing(write: Callable[[ScanResult], str]) -> None:
    text = write(_evil())

    text.encode()
    assert not {"\x1b", "\u202e", "\u2028", "\\u001b", "\\udc80"} & set(text.replace("\n", ""))
    assert "\n#" not in text.replace("\n### Scan", "")


def test_markdown_has_no_links_tables_or_mentions_of_others() -> None:
    text = to_markdown(_evil())

    assert "<img" not in text
    assert "@me" not in text
    assert "](http" not in text
    assert all(line.count("|") - line.count("\\|") in {0, 4, 5} for line in text.splitlines())


def _evil() -> ScanResult:
    evil = Finding(
        rule="A-1", subject=EVIL, severity="high", text=EVIL, place=Place(path=EVIL), hint=EVIL
    )
    return ScanResult(
        subject=EVIL,
        outcomes=(Outcome(scanner="secrets", findings=(evil,), coverage=EVIL, reason=EVIL),),
        waived=(Waived(finding=evil, scanner="secrets", until=date(2027, 1, 1), reason=EVIL),),
        warnings=(EVIL,),
    )


def _uris(run: dict[str, Any]) -> list[str]:
    places = (row["locations"][0]["physicalLocation"] for row in run["results"])
    return [place["artifactLocation"]["uri"] for place in places]
