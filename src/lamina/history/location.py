"""Where the history is: ``LAMINA_HISTORY``, else the user's state directory (XDG)."""

import os
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from lamina.errors import UsageError

OFF = "off"
_POSTGRESQL = ("postgresql://", "postgres://", "postgresql+psycopg://")
_ADDRESS = re.compile("[A-Za-z][A-Za-z0-9+.-]*://")


def history_location(environment: Mapping[str, str]) -> str:
    """Return the database's path or address; empty where there is to be no history.

    A machine where no variable names a home gets none: nobody would look there.  Neither does an
    address that is none of ours; ``location_problem`` says so.
    """
    chosen = environment.get("LAMINA_HISTORY", "")
    if chosen.lower() == OFF or chosen == os.devnull or location_problem(environment):
        return ""
    if is_postgresql(chosen):
        return chosen
    if chosen:
        return str(Path(chosen).absolute())
    state = _state(environment)
    return str(state / "history.db") if state else ""


def location_problem(environment: Mapping[str, str]) -> UsageError | None:
    """Say what is wrong with ``LAMINA_HISTORY``, without a password that it may hold."""
    chosen = environment.get("LAMINA_HISTORY", "")
    address = _ADDRESS.match(chosen)
    if address is None or is_postgresql(chosen):
        return None
    return UsageError(
        f"no history can be at an address that starts with {address[0]}",
        where="LAMINA_HISTORY",
        hint="write a file's path, postgresql://USER@HOST/DATABASE, or off",
    )


def spool_location(environment: Mapping[str, str]) -> Path | None:
    """Return the folder that builds are noted in until the database has them.

    It is beside the database, or, for one on a server, in the user's state directory: one folder
    for each server, so that no build gets into another team's history.
    """
    location = history_location(environment)
    if not location:
        return None
    if not is_postgresql(location):
        return Path(f"{location}.spool")
    state = _state(environment)
    return state / f"{sha256(location.encode()).hexdigest()[:16]}.spool" if state else None


def is_postgresql(location: str) -> bool:
    """Say whether ``location`` is the address of a server."""
    return location.startswith(_POSTGRESQL)


def _state(environment: Mapping[str, str]) -> Path | None:
    if chosen := environment.get("XDG_STATE_HOME"):
        return Path(chosen).absolute() / "lamina"
    home = environment.get("HOME")
    return Path(home).absolute() / ".local" / "state" / "lamina" if home else None
