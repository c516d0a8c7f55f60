"""Which earlier build one is compared with: the same image, asked for in the same way."""

from collections.abc import Iterable
from typing import Any

from lamina.history.record import BuildOutcome, BuildRecord, repository


def comparable(record: BuildRecord, earlier: Iterable[BuildRecord]) -> BuildRecord | None:
    """Choose among builds of one scope, newest first, the one that says most.

    One with the same names, platforms and target counts before one with others, and one that ended
    well before one that did not.
    """
    others = [other for other in earlier if other.id != record.id]
    return max(others, key=lambda other: _likeness(record, other), default=None)


def _likeness(record: BuildRecord, other: BuildRecord) -> tuple[bool, ...]:
    return (
        (record.fingerprint is None) == (other.fingerprint is None),
        _member(record, "kind") == _member(other, "kind"),
        _repositories(record) == _repositories(other),
        _member(record, "target") == _member(other, "target"),
        _member(record, "path") == _member(other, "path"),
        _platforms(record) == _platforms(other),
        other.outcome is BuildOutcome.DONE,
    )


def _member(record: BuildRecord, name: str) -> Any:  # noqa: ANN401 - a JSON value
    return record.fingerprint.get(name) if isinstance(record.fingerprint, dict) else None


def _platforms(record: BuildRecord) -> Any:  # noqa: ANN401 - a JSON value
    return _member(record, "platforms") if record.kind == "trace" else record.platforms


def _repositories(record: BuildRecord) -> set[str]:
    return set(map(repository, record.names))
