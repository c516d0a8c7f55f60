"""Version order as dpkg has it (deb-version(7))."""

import re
from functools import lru_cache

from lamina.errors import ArchiveError

# A version as a value that Python's own comparison puts in dpkg's order.
VersionKey = tuple[object, ...]
_PART = re.compile(r"([^0-9]*)([0-9]*)")
_END = 0  # the end of a part sorts after "~" and before everything else


@lru_cache(maxsize=8192)
def version_key(version: str) -> VersionKey:
    """Return a key that sorts like dpkg: epoch, upstream version, Debian revision.

    Raises ``ArchiveError`` when the epoch is not a number.

    >>> version_key("1.0~rc1-1") < version_key("1.0-1") < version_key("1:0.1")
    True
    >>> version_key("1.0") == version_key("0:1.0-0")
    True
    """
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    if not (epoch.isascii() and epoch.isdigit()):
        raise ArchiveError(f"{version!r} is not a version: its epoch is not a number")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return (_number(epoch), _part_key(upstream), _part_key(revision))


def satisfies(version: str, operator: str, wanted: str) -> bool:
    """Tell whether ``version`` meets a relation such as ``>= wanted`` (Debian Policy 7.1)."""
    have, want = version_key(version), version_key(wanted)
    match operator:
        case "<<":
            return have < want
        case "<=" | "<":  # "<" and ">" are the deprecated spellings of "<=" and ">="
            return have <= want
        case "=":
            return have == want
        case ">=" | ">":
            return have >= want
        case ">>":
            return have > want
        case _:
            raise ArchiveError(f"{operator!r} is not a version relation")


def _part_key(text: str) -> VersionKey:
    pairs = [(_letters(a), _number(b)) for a, b in _PART.findall(text) if a or b]
    pairs = pairs or [((_END,), (0, ""))]  # "" and "0" are equal
    return (*(item for pair in pairs for item in pair), (_END,))


def _letters(text: str) -> tuple[int, ...]:
    return (*map(_order, text), _END)


def _order(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 0x110000


def _number(digits: str) -> tuple[int, str]:
    # Not int(): a hostile version may have more digits than Python converts.
    significant = digits.lstrip("0")
    return (len(significant), significant)
