"""What a registry wants to see before it answers: WWW-Authenticate (RFC 9110, section 11.6.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_SCHEME = re.compile(r"[\s,]*([A-Za-z][A-Za-z0-9-]*)(?=[\s,]|$)")
_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One scheme, in lower case, and its parameters."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read a header with one or several challenges; what cannot be read ends the list.

    >>> parse_challenges('Bearer realm="https://a/token",service="r"')[0].parameters["service"]
    'r'
    """
    found: list[Challenge] = []
    position = 0
    while match := _SCHEME.match(header, position):
        position = match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, position):
            position = parameter.end()
            quoted, plain = parameter[2], parameter[3]
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            parameters.setdefault(parameter[1].lower(), value)
        found.append(Challenge(scheme=match[1].lower(), parameters=parameters))
    return tuple(found)
