"""Where the history is: ``LAMINA_HISTORY``, else the user's state directory (XDG)."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

OFF = "off"
_POSTGRESQL = ("postgresql://", "postgres://", "postgresql+psycopg://")


def history_location(environment: Mapping[str, str]) -> str:
    """Return the database's path or address; empty where there is to be no history.

    A machine where no variable names a home gets none: nobody would look there.
    """
    chosen = environment.get("LAMINA_HISTORY", "")
    if chosen == OFF:
        return ""
    if is_postgresql(chosen):
        return chosen
    if chosen:
        return str(Path(chosen).absolute())
    state = _state(environment)
    return str(state / "history.db") if state else ""


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
