"""A lock as JSON, for the store's memory."""

from dataclasses import asdict
from typing import Any

from lamina.lock.index_credentials import without_login
from lamina.lock.lock import Lock, LockedDirectory, LockedSdist, LockedWheel
from lamina.oci.digest import Digest


def lock_to_json(lock: Lock) -> dict[str, Any]:
    """Write a lock as JSON values, addresses included, but no user name or password in them."""
    return {
        "wheels": [_row(wheel) for wheel in lock.wheels],
        "sdists": [_row(sdist) for sdist in lock.sdists],
        "directories": [asdict(directory) for directory in lock.directories],
        "isPinned": lock.is_pinned,
    }


def lock_from_json(value: Any) -> Lock:  # noqa: ANN401 - JSON
    """Read what :func:`lock_to_json` wrote."""
    return Lock(
        wheels=tuple(LockedWheel(**_members(row)) for row in value["wheels"]),
        sdists=tuple(LockedSdist(**_members(row)) for row in value["sdists"]),
        directories=tuple(LockedDirectory(**row) for row in value.get("directories", ())),
        is_pinned=value["isPinned"],
    )


def has_logins(lock: Lock) -> bool:
    """Say whether an address of the lock holds a user name or password, which JSON leaves out."""
    urls = [*(wheel.url for wheel in lock.wheels), *(sdist.url for sdist in lock.sdists)]
    return any(without_login(url) != url for url in urls)


def _row(locked: LockedWheel | LockedSdist) -> dict[str, Any]:
    return {**asdict(locked), "digest": str(locked.digest), "url": without_login(locked.url)}


def _members(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "digest": Digest.parse(row["digest"])}
