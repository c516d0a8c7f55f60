"""Result: all outcomes of a scan together, and what they mean for an exit code; pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from lamina.scan.accepted import Waived
from lamina.scan.finding import Finding, Outcome, Severity, at_least, by_severity

CLEAN: Final = 0
FINDINGS: Final = 1
NOT_SCANNED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What was scanned, and how each scanner ended; findings below ``threshold`` are only shown.

    ``digest`` identifies an image, and is empty for a project.  ``allowed`` are scanners that need
    not have scanned.
    """

    subject: str
    digest: str = ""
    outcomes: tuple[Outcome, ...]
    waived: tuple[Waived, ...] = ()
    warnings: tuple[str, ...] = ()
    threshold: Severity = "medium"
    allowed: Collection[str] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings that count, the worst first."""
        return by_severity([one for outcome in self.outcomes for one in outcome.findings])

    @property
    def over_threshold(self) -> tuple[Finding, ...]:
        """Those that fail the scan."""
        return at_least(self.findings, self.threshold)

    @property
    def missing(self) -> tuple[Outcome, ...]:
        """Outcomes of scanners that should have scanned and did not."""
        return tuple(o for o in self.outcomes if o.reason and o.scanner not in self.allowed)

    @property
    def exit_code(self) -> int:
        """1 for findings; 4 for what was not looked at; 0 is said by scanners alone that scanned.

        Findings come first: they are there whatever else would have been found.
        """
        if self.over_threshold:
            return FINDINGS
        return NOT_SCANNED if self.missing else CLEAN
