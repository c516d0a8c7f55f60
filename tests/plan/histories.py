"""Short ways to write wheels, pins and histories of locks."""

from collections.abc import Mapping

from lamina.lock.lock import LockedWheel
from lamina.lock.past import Pin, PinnedFile
from lamina.oci.digest import Digest
from lamina.plan.evidence import Evidence

MB = 1_000_000


def wheel(name: str, size: int = 100, version: str = "1") -> LockedWheel:
    """Make a wheel whose digest follows from its name and version."""
    return LockedWheel(
        name=name,
        version=version,
        filename=f"{name}-{version}-py3-none-any.whl",
        digest=Digest.of(f"{name} {version}".encode()),
        size=size,
    )


def pin(name: str, version: str = "1", size: int = 0) -> Pin:
    """Pin that wheel; with a size where the lock is to say it."""
    one = wheel(name, version=version)
    file = PinnedFile(code=str(one.digest), name=one.filename if size else "", size=size)
    return Pin(version=version, files=(file,))


def pins(**versions: str) -> Mapping[str, Pin]:
    """Write what one revision pins: names with versions."""
    return {name: pin(name, version) for name, version in versions.items()}


def evidence(names: str, *changes: str) -> Evidence:
    """Write what changed, the newest first; each name is a letter."""
    return Evidence(names=frozenset(names), changes=tuple(map(frozenset, changes)))


def bumped(wheels: list[LockedWheel], name: str, version: str) -> list[LockedWheel]:
    """Return the same wheels with another version of one."""
    return [wheel(name, w.size, version) if w.name == name else w for w in wheels]
