"""Stale lists of loaded modules: whether one was recorded of what a lock installs; pure."""

from collections.abc import Sequence

from packaging.utils import canonicalize_version

from lamina.lock.lock import LockedWheel
from lamina.project.loaded import Loaded

_SHOWN = 5


def stale_loaded(loaded: Loaded, wheels: Sequence[LockedWheel], *, where: str) -> str:
    """Say how a lock differs from the one that the list was recorded from; empty if it does not.

    A list that names no distributions was written before lists did, and nobody can tell.  What
    only one of both has may be of another platform or variant, which the same list serves; and so
    may another build of the same version, such as ``2.3.0+cpu``.  A wheel without an address was
    built here, of sources whose version may change with each commit.
    """
    if not loaded.distributions:
        return ""
    pairs = [(wheel, loaded.distributions.get(wheel.name)) for wheel in wheels if wheel.url]
    found = [text for wheel, old in pairs if (text := _difference(wheel, old))]
    if not found:
        return ""
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return (
        f"{where} was recorded from another lock: {', '.join(found[:_SHOWN])}{more}; "
        f"modules that it lacks get no bytecode until `lamina test IMAGE --loaded {where}` "
        "writes it anew"
    )


def _difference(wheel: LockedWheel, old: str | None) -> str:
    if old is None or _public(old) == _public(wheel.version):
        return ""
    return f"{wheel.name} was {old} and is {wheel.version}"


def _public(version: str) -> str:
    return canonicalize_version(version.partition("+")[0])
