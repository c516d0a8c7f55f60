"""Run: the scanners that somebody asked for, one after another, each with an outcome of its own."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from lamina.errors import LaminaError
from lamina.oci.config import RuntimeConfig
from lamina.project.scan_settings import ScanSettings
from lamina.scan import base as base_scan
from lamina.scan import (
    debian_updates,
    licenses,
    permissions,
    programs,
    vulnerabilities,
)
from lamina.scan.advisory import Advisories
from lamina.scan.base import BaseStatus, scan_base
from lamina.scan.debian_updates import SecuritySuite, scan_debian
from lamina.scan.finding import Outcome, not_scanned
from lamina.scan.foreign import not_looked_for
from lamina.scan.inventory import Inventory
from lamina.scan.licenses import scan_licenses
from lamina.scan.metadata import Distribution, distributions
from lamina.scan.permissions import scan_permissions
from lamina.scan.programs import Program, Target, scan_with
from lamina.scan.secrets import scan as secrets_scan
from lamina.scan.secrets.scan import scan_secrets
from lamina.scan.vulnerabilities import scan_vulnerabilities
from lamina.steps import Step

OURS: Final = (
    vulnerabilities.NAME,
    debian_updates.NAME,
    secrets_scan.NAME,
    permissions.NAME,
    licenses.NAME,
    base_scan.NAME,
)
"""All that an image is scanned for, unless somebody chooses."""

OF_PROJECTS: Final = (vulnerabilities.NAME, secrets_scan.NAME, base_scan.NAME)
"""What can be said of a project before there is an image of it."""

NAMES: Final = (*OURS, *programs.NAMES)
_NEED_AN_IMAGE: Final = (debian_updates.NAME, permissions.NAME, licenses.NAME)

Scanner = Callable[[], Outcome]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Whom scanners may ask, and what the project says; ``now`` in seconds since the epoch.

    ``own`` are normalised names of distributions that nobody else is asked about.  ``place`` gives
    programs of others something to read while its block runs.
    """

    advisories: Advisories | None
    suite: SecuritySuite | None
    base: Callable[[], BaseStatus]
    place: Callable[[], AbstractContextManager[str]]
    programs: Mapping[str, Program] = field(default_factory=dict)
    settings: ScanSettings = field(default_factory=ScanSettings)
    own: frozenset[str] = frozenset()
    now: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSubject:
    """An image: how to read it, its config as it was written, and that as a value."""

    inventory: Callable[[], Inventory]
    config: bytes
    runtime: RuntimeConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSubject:
    """A project: how to read the files that would go in, and its lock."""

    inventory: Callable[[], Inventory]
    distributions: Callable[[], Sequence[Distribution]]


def scan_image(
    subject: ImageSubject, wanted: Sequence[str], means: Means, step: Step
) -> tuple[Outcome, ...]:
    """Run the ``wanted`` scanners on an image; its layers are read once, and only if need be."""
    inventory = _Once(subject.inventory)
    debian = _Once(lambda: _whole(scan_debian(inventory(), means.suite), inventory()))
    scanners: dict[str, Scanner] = {
        vulnerabilities.NAME: lambda: _whole(_vulnerabilities(inventory(), means), inventory()),
        debian_updates.NAME: debian,
        secrets_scan.NAME: lambda: scan_secrets(inventory(), subject.config, own=means.own),
        permissions.NAME: lambda: _whole(
            scan_permissions(inventory(), subject.runtime), inventory()
        ),
        licenses.NAME: lambda: _whole(
            scan_licenses(inventory(), means.settings.deny_licenses), inventory()
        ),
        base_scan.NAME: lambda: _base(means, debian),
        **_programs(means, "layout"),
    }
    return _run(scanners, wanted, step)


def scan_project(
    subject: ProjectSubject, wanted: Sequence[str], means: Means, step: Step
) -> tuple[Outcome, ...]:
    """Run the ``wanted`` scanners on a project; some of them need its image."""
    scanners: dict[str, Scanner] = {
        vulnerabilities.NAME: lambda: scan_vulnerabilities(
            subject.distributions(), means.advisories, own=means.own
        ),
        secrets_scan.NAME: lambda: scan_secrets(subject.inventory()),
        base_scan.NAME: lambda: _base(means, None),
        **{name: _needs_image(name) for name in _NEED_AN_IMAGE},
        **_programs(means, "directory"),
    }
    return _run(scanners, wanted, step)


def _run(scanners: Mapping[str, Scanner], wanted: Sequence[str], step: Step) -> tuple[Outcome, ...]:
    found = []
    for name in wanted:
        with step.child(f"scan {name}"):
            found.append(_outcome(name, scanners[name]))
    return tuple(found)


def _outcome(name: str, scanner: Scanner) -> Outcome:
    """Run one; what it cannot do is its outcome, and never stops the others."""
    try:
        return scanner()
    except LaminaError as error:
        return not_scanned(name, f"{error.what} ({error.where})" if error.where else error.what)


class _Once(Generic[Result]):
    """Calls a function once; whoever asks again gets what it returned or raised then."""

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        self._answers: list[Result] = []
        self._error: LaminaError | None = None

    def __call__(self) -> Result:
        if self._error is not None:
            raise self._error
        if not self._answers:
            try:
                self._answers.append(self._function())
            except LaminaError as error:
                self._error = error
                raise
        return self._answers[0]


def _vulnerabilities(inventory: Inventory, means: Means) -> Outcome:
    """Say with it what else is in the image, which no advisory about Python is about."""
    found = distributions(inventory)
    outcome = scan_vulnerabilities(found, means.advisories, own=means.own)
    others = not_looked_for(inventory.tree, found=len(found))
    return replace(outcome, coverage="; ".join(filter(None, (outcome.coverage, others))))


def _whole(outcome: Outcome, inventory: Inventory) -> Outcome:
    """End as not having scanned where what says who and what is installed was not read."""
    reason = "; ".join(filter(None, (inventory.unread, outcome.reason)))
    return replace(outcome, reason=reason)


def _base(means: Means, debian: Scanner | None) -> Outcome:
    status = means.base()
    packages = debian() if debian is not None and status.state == "assembled" else None
    return scan_base(
        status, now=means.now, most_days=means.settings.base_max_age, packages=packages
    )


def _needs_image(name: str) -> Scanner:
    return lambda: not_scanned(name, "a project has nothing of that yet: scan its image")


def _programs(means: Means, kind: Target) -> dict[str, Scanner]:
    return {name: _program(name, means, kind) for name in programs.NAMES}


def _program(name: str, means: Means, kind: Target) -> Scanner:
    def scan() -> Outcome:
        program = means.programs.get(name)
        if program is None or not program.path:
            return not_scanned(name, f"{name} is not installed")
        with means.place() as place:
            return scan_with(program, kind, place)

    return scan
