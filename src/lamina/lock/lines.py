"""A pinned requirements file line by line: what earlier lines stood for need not be asked again.

Each line of a complete lock stands for itself, so of a lock in which one line changed, only that
line has to be looked up in the index.
"""

from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from lamina.lock.lock import Lock
from lamina.lock.requirements import PinnedRequirement, has_options, parse_requirements
from lamina.lock.serialize import lock_from_json, lock_to_json
from lamina.lock.target import Target

Rows = dict[str, dict[str, Any] | None]
"""What each line stands for: a lock of one distribution as JSON, or None for nothing here."""


def independent_lines(
    text: str, target: Target, *, name: str
) -> dict[str, PinnedRequirement] | None:
    """Write each requirement that counts for ``target`` as one line, by that line.

    None where lines depend on more than themselves: on options, on an address, which may be a
    path, or on another line of the same name.
    """
    requirements = parse_requirements(text.encode(), name=name)
    if has_options(text) or any(r.requirement.url or not r.is_pinned for r in requirements):
        return None
    wanted = [
        r
        for r in requirements
        if r.requirement.marker is None or r.requirement.marker.evaluate(target.environment)
    ]
    by_name = {canonicalize_name(r.requirement.name): r for r in wanted}
    return {line_of(r): r for r in by_name.values()} if len(by_name) == len(wanted) else None


def line_of(requirement: PinnedRequirement) -> str:
    """Write a requirement with its hashes, in one spelling."""
    hashes = (f"--hash={code}" for code in sorted(requirement.hashes))
    return " ".join((str(requirement.requirement), *hashes))


def rows_of(lines: Mapping[str, PinnedRequirement], lock: Lock) -> Rows:
    """Divide a lock among the lines that it was read from."""
    rows: Rows = {}
    for line, requirement in lines.items():
        name = canonicalize_name(requirement.requirement.name)
        wheels = tuple(w for w in lock.wheels if canonicalize_name(w.name) == name)
        sdists = tuple(s for s in lock.sdists if canonicalize_name(s.name) == name)
        found = Lock(wheels=wheels, sdists=sdists)
        rows[line] = lock_to_json(found) if wheels or sdists else None
    return rows


def join(rows: Rows) -> Lock:
    """Put the locks of all lines together, sorted by name as every lock is."""
    locks = [lock_from_json(row) for row in rows.values() if row is not None]
    wheels = (wheel for lock in locks for wheel in lock.wheels)
    sdists = (sdist for lock in locks for sdist in lock.sdists)
    return Lock(
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.name)),
        sdists=tuple(sorted(sdists, key=lambda sdist: sdist.name)),
    )
