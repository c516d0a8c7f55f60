"""Members of foreign JSON objects: of the type that the specification gives them, or refused.

Go's encoders write null for what is empty, so null and a missing member mean the same.
"""

from collections.abc import Mapping
from typing import Any

from lamina.errors import ImageError


def texts(value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the member ``name``, a list of texts."""
    found = value.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise _wrong(name, "a list of texts", found)
    return tuple(found)


def text_table(value: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the member ``name``, an object whose values are texts."""
    found = table(value, name)
    if not all(isinstance(item, str) for item in found.values()):
        raise _wrong(name, "an object of texts", found)
    return found


def table(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the member ``name``, an object."""
    found = value.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _wrong(name, "an object", found)
    return found


def number(value: Mapping[str, Any], name: str) -> int:
    """Return the member ``name``, an integer; 0 where there is none."""
    found = value.get(name)
    if found is None:
        return 0
    if not isinstance(found, int) or isinstance(found, bool):
        raise _wrong(name, "an integer", found)
    return found


def _wrong(name: str, wanted: str, found: object) -> ImageError:
    return ImageError(f"{name} is not {wanted} but {str(found)[:60]!r}")
