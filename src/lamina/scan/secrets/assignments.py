"""Assignments: names that say "secret", and what is assigned to them; pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lamina.scan.secrets.plausible import is_random, is_value

_WORDS: Final = (
    rb"passw(?:or)?d|passphrase|[-_]pass|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key"
    rb"|encryption[-_]?key|signing[-_]?key|credentials?|auth[-_]?key"
)
_CHEAP: Final = (b"pass", b"pwd", b"secret", b"token", b"key", b"credential")
_ASSIGNMENT: Final = re.compile(
    rb"(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]{0,60}?(?:" + _WORDS + rb")[A-Za-z0-9_-]{0,20})"
    rb"(?:[\"']?\s{0,20}(?::=|=>|=|:)\s{0,20}|\s{1,4}(?=[\"']))"
    rb"(?:[bru]{0,2}[\"']([^\"'\r\n]{4,400})[\"']|([^\s\"'#;,&|<>(){}]{4,400}))",
    re.IGNORECASE,
)
_OPTION: Final = re.compile(
    rb"(--[a-z-]{0,30}(?:password|passwd|token|secret|api-?key))(?:=|\s+)[\"']?([^\s\"']{4,400})",
    re.IGNORECASE,
)
_SCHEME: Final = re.compile(rb"[a-z][a-z0-9+.-]{1,30}\Z", re.IGNORECASE)
_ADDRESS: Final = re.compile(
    rb"://[^\s:/@\"'<>]{0,100}:([^\s@/\"'<>]{3,400})@([a-z0-9.\[-]+)", re.IGNORECASE
)
_BEARER: Final = re.compile(
    rb"(authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:bearer|basic|token))\s+([\w.+/=-]{12,2000})",
    re.IGNORECASE,
)
_NOT_SECRET: Final = re.compile(
    r".*(?:_|-|\.)?(?:file|path|dir|url|uri|host|port|name|header|ttl|id|len|length|size|type|field"
    r"|prefix|suffix|regex|pattern|policy|expiry|expires|count|limit|min|max|enabled|required|hash"
    r"|hint|label|help|format|version|endpoint|algorithm|scope|encryption|[^s]s)$"
    r"|.*(?:public|tokenize|tokens_per|max_token|min_token|num_token|pad_token|eos_token|bos_token"
    r"|unk_token|sep_token|cls_token|mask_token|key_?word|monkey|keyboard).*",
    re.IGNORECASE,
)
_HARMLESS_HOSTS: Final = re.compile(
    r"localhost|127\.|\[?::1|0\.0\.0\.0|(.*\.)?example(\.|$)|host$", re.IGNORECASE
)
_HARMLESS_PASSWORDS: Final = frozenset({"pass", "password", "passwd", "pwd", "secret", "tiger"})
_LONGEST_SCHEME: Final = 31
_LONGEST_WORD: Final = 8
_LONGEST_LINE: Final = 4000
_LONGEST_WRITTEN: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """A name, where (from 0) something that looks secret is assigned to it, and where that is."""

    rule: str
    name: str
    start: int
    value_start: int
    value_end: int


def is_secret_name(name: str) -> bool:
    """Say whether what is called so is meant to be kept secret.

    >>> [is_secret_name(name) for name in ("DB_PASSWORD", "API_TOKEN_FILE", "GPG_KEY")]
    [True, False, False]
    """
    found = re.search(_WORDS.decode(), name, re.IGNORECASE)
    one = re.sub("credentials$", "credential", name.rstrip("_"), flags=re.IGNORECASE)
    return found is not None and not _NOT_SECRET.fullmatch(one)


def is_secret(name: str, value: str, *, is_loose: bool) -> bool:
    """Say whether a value of this name is one; what is said to be credentials is often none.

    >>> [is_secret(name, "include", is_loose=True) for name in ("password", "credentials")]
    [True, False]
    """
    is_often_none = name.lower().endswith("credentials")
    return (
        is_secret_name(name)
        and _is_secret(value, is_loose=is_loose)
        and (not is_often_none or any(c.isdigit() for c in value))
    )


def assignments(data: bytes, *, is_loose: bool) -> Iterator[Assigned]:
    """Yield what looks like a secret in ``data`` by what it is assigned to.

    In a program many strings are called secret and are none, so a value has to look drawn by
    chance there; ``is_loose`` believes the name, for a text that configures something.
    """
    for start, line in interesting_lines(data):
        if is_loose or len(line) <= _LONGEST_WRITTEN:  # no person wrote a longer line
            yield from _in_line(line, start, is_loose=is_loose)
    yield from addresses(data, is_loose=True)


def addresses(data: bytes, *, is_loose: bool) -> Iterator[Assigned]:
    """Yield the passwords in addresses, such as that of a database.

    Programs show addresses as examples, so with ``is_loose=False`` a word is no password.
    """
    place = data.find(b"://")
    while place >= 0:
        match = _ADDRESS.match(data, place)
        scheme = _SCHEME.search(data[max(0, place - _LONGEST_SCHEME) : place]) if match else None
        if match and scheme and _is_login(match[1], match[2], is_loose=is_loose):
            yield Assigned(
                rule="password-in-address",
                name=f"{_text(scheme[0])}://",
                start=place - len(scheme[0]),
                value_start=match.start(1),
                value_end=match.end(1),
            )
        place = data.find(b"://", place + 1)


def _in_line(line: bytes, start: int, *, is_loose: bool) -> Iterator[Assigned]:
    for match in _ASSIGNMENT.finditer(line):
        name, value = _text(match[1]), _text(match[2] or match[3])
        if is_secret(name, value, is_loose=is_loose):
            group = 2 if match[2] is not None else 3
            yield _assigned("assignment", name, match, group, start=start)
    for match in (*_OPTION.finditer(line), *_BEARER.finditer(line)):
        if _is_secret(_text(match[2]), is_loose=is_loose):
            yield _assigned("assignment", _name(match[1]), match, 2, start=start)


def _assigned(
    rule: str, name: str, match: re.Match[bytes], group: int, *, start: int = 0
) -> Assigned:
    return Assigned(
        rule=rule,
        name=name,
        start=start + match.start(),
        value_start=start + match.start(group),
        value_end=start + match.end(group),
    )


def interesting_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are worth a second look, each with its place."""
    end, lowered = -1, data.lower()
    for place in sorted(
        {p for word in (*_CHEAP, b"authorization") for p in _places(lowered, word)}
    ):
        if place < end:
            continue
        furthest = max(0, place - _LONGEST_LINE)
        start = max(data.rfind(b"\n", furthest, place) + 1, furthest)
        stop = data.find(b"\n", place)
        end = min(stop if stop >= 0 else len(data), place + _LONGEST_LINE)
        yield start, data[start:end]


def _places(data: bytes, word: bytes) -> Iterator[int]:
    """Yield one place of ``word`` a line at most: a line is looked at as a whole."""
    place = data.find(word)
    while place >= 0:
        yield place
        line_end = data.find(b"\n", place)
        nearest = place + _LONGEST_LINE
        place = data.find(word, min(line_end, nearest) if line_end >= 0 else nearest)


def _is_secret(value: str, *, is_loose: bool) -> bool:
    if any(c.isspace() for c in value):
        return False
    return is_value(value) if is_loose else is_random(value)


def _is_login(secret: bytes, place: bytes, *, is_loose: bool) -> bool:
    password, host = _text(secret), _text(place)
    is_harmless = password.lower() in _HARMLESS_PASSWORDS or _HARMLESS_HOSTS.match(host)
    plain = re.sub("%[0-9a-fA-F]{2}", "", password)
    is_word = len(plain) < _LONGEST_WORD or not re.search("[0-9]", plain)
    return not is_harmless and is_value(password) and (is_loose or not is_word)


def _name(data: bytes) -> str:
    """Name an option or a header: the first word, without what follows it."""
    return re.split(r"[\s:=\"']", _text(data).strip())[0].lstrip("-")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
