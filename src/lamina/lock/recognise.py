"""Recognise: which tool wrote a lock, by what is in it, for a copy that is called otherwise; pure.

Readers are chosen by a lock's name, which a copy of last week's lock seldom has.
"""

import json
import tomllib
from typing import Any, Final

_REQUIREMENTS: Final = "requirements.txt"


def usual_name(text: str) -> str:
    r"""Return what a lock with this text is called by its tool.

    What is no form that is known is a list of requirements, whose reader says what is wrong.

    >>> usual_name('version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "toy"')
    'uv.lock'
    >>> usual_name("toy==1 --hash=sha256:00")
    'requirements.txt'
    """
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return "Pipfile.lock" if _has(_json(text), "_meta") else _REQUIREMENTS
    return _of_toml(_toml(text))


def _of_toml(document: Any) -> str:  # noqa: ANN401 - TOML
    metadata = document.get("metadata")
    if _has(metadata, "lock_version"):
        return "pdm.lock"
    if _has(metadata, "lock-version"):
        return "poetry.lock"
    if _has(document, "lock-version"):
        return "pylock.toml"
    return "uv.lock" if _has(document, "version") else _REQUIREMENTS


def _has(table: object, key: str) -> bool:
    return isinstance(table, dict) and key in table


def _json(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return {}
