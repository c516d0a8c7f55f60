"""Which reader is for which tool's lock; pure."""

import json
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final

from lamina.errors import LockError
from lamina.lock.pins import Choice, Pins
from lamina.lock.pipfile import pipfile_pins
from lamina.lock.poetry import pdm_pins, poetry_pins
from lamina.lock.target import Target

Reader = Callable[[Mapping[str, Any], Choice, Target, str], Pins]

_READERS: Final[Mapping[str, Reader]] = {
    "poetry.lock": poetry_pins,
    "pdm.lock": pdm_pins,
    "Pipfile.lock": pipfile_pins,
}


def pins_of(text: str, choice: Choice, target: Target, name: str) -> Pins:
    """Read the text of the lock called ``name``; raise ``LockError`` for one that is malformed."""
    return _READERS[name](parse_lock(text, name), choice, target, name)


def parse_lock(text: str, name: str) -> dict[str, Any]:
    """Parse TOML, or JSON for a lock of Pipenv."""
    kind = "JSON" if name == "Pipfile.lock" else "TOML"
    try:
        found = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number of 5,000 digits
        raise LockError(f"not valid {kind}: {error}", where=name) from error
    if not isinstance(found, dict):
        raise LockError(f"not valid {kind}: expected a table", where=name)
    return found
