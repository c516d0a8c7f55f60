"""Dull: whether a value of a build's argument may be kept as it is; all others are hidden."""

import re
from typing import Final

from lamina.scan.secrets.hide import digits, hide_secrets, is_hiding_name

_LONGEST: Final = 120
_MOST_PARTS: Final = 16
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9 ./:=,+_@-]*")
_BETWEEN: Final = re.compile(r"[ ./:=,+_@-]+")
_PART: Final = re.compile(
    r"[a-z]{1,16}|[A-Z]{1,16}|[A-Z][a-z]{1,15}"  # a word
    r"|[a-z]{1,3}\d{1,4}|x86|i[36]86|aarch64|armv\d|riscv64|ppc64le|s390x"  # cu121, a machine
    r"|v?\d{1,14}(?:(?:a|b|rc|dev|post|T)\d{1,8}|[a-zA-Z]{1,2})?Z?"  # a number, a version, a time
    r"|[0-9a-f]{7,12}|[0-9a-f]{40}"  # a revision
)
_NUMBERED: Final = re.compile(r"[a-z]{4,12}\d{1,2}")
"""python3, and hunter2: only beside others."""

_DIGEST: Final = re.compile(r"@?\bsha256:[0-9a-f]{64}$")
_HIDDEN: Final = re.compile(r"\(hidden [0-9a-f]{8}\)")


def kept(name: str, value: str) -> str:
    """Return an argument's value if it is dull, else ``(hidden …)`` with digits of a digest.

    Dull are numbers, versions, times, revisions, plain words, and what is made of them: paths,
    references of images, options, addresses without a login.  What nobody foresaw is hidden.

    >>> kept("VERSION", "3.12-slim"), kept("PASSPHRASE", "slim")
    ('3.12-slim', '(hidden a5a8bafb)')
    """
    if _HIDDEN.fullmatch(value) or (not is_hiding_name(name) and _is_dull(value)):
        return value
    return f"(hidden {digits(value.encode(errors='surrogatepass'))})"


def _is_dull(value: str) -> bool:
    bare = _DIGEST.sub("", value[: _LONGEST + 1])
    has_login, is_sentence = "@" in bare, " " in bare and not bare.startswith("-")
    if len(value) > _LONGEST or has_login or is_sentence or not _CHARACTERS.fullmatch(bare):
        return False
    parts = [part for part in _BETWEEN.split(bare) if part]
    if len(parts) > _MOST_PARTS or not all(_is_part(part, len(parts) > 1) for part in parts):
        return False
    return hide_secrets(value) == value


def _is_part(part: str, has_others: bool) -> bool:  # noqa: FBT001 - a part, and what is around it
    return bool(_PART.fullmatch(part) or (has_others and _NUMBERED.fullmatch(part)))
