"""Search: a text comes in parts of any size, and the secrets in it go out, without their values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from lamina.scan.finding import Severity
from lamina.scan.secrets.assignments import assignments
from lamina.scan.secrets.credential_files import CREDENTIAL_FILES, CredentialFile
from lamina.scan.secrets.patterns import PATTERNS, Pattern

Care = Literal["forms", "random", "named"]
"""Known forms alone; also what looks drawn by chance; also whatever is called a secret."""

_OVERLAP: Final = 16 << 10
_BINARY: Final = 8 << 10
_MOST_HITS: Final = 100
_GENERAL: Final = frozenset({"assignment", "password-in-address"})
_BEFORE, _NEAR = 64, 1024
_OTHERS: Final = re.compile(
    r".*(?:^|/)(?:(?:site|dist)-packages|node_modules)/.*|(?:usr/(?:local/)?)?lib/python3[^/]*/.*"
    r"|usr/(?:share|include|src|lib|libexec)/.*|var/lib/(?:dpkg|apt)/.*|etc/(?!.*(?:secret|passw)).*"
)
_CONFIGURES: Final = re.compile(
    r"(?:.*/)?(?:\.env(?:\..*)?|[^/]*\.(?:env|ini|cfg|conf|cnf|toml|ya?ml|json|properties|tfvars"
    r"|config|xml|credentials)|\.?(?:bashrc|profile|bash_history|zsh_history|condarc|my\.cnf)"
    r"|credentials|config|pip\.conf|Dockerfile[^/]*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that looks like a secret; ``shown`` is what may be seen of it.

    ``line`` counts from 1.
    """

    rule: str
    title: str
    severity: Severity
    line: int
    shown: str


def care_for(path: str) -> Care:
    """Say how closely a file is looked at, by its name.

    Programs that others wrote are full of names that sound secret, so of them only known forms
    count.
    """
    if _OTHERS.fullmatch(path):
        return "forms"
    return "named" if _CONFIGURES.fullmatch(path) else "random"


class Search:
    """Takes a text apart; :attr:`is_binary` says that it is none, and was not looked into."""

    def __init__(self, path: str, *, care: Care | None = None) -> None:
        self._care: Care = care or care_for(path)
        self._files = tuple(one for one in CREDENTIAL_FILES if one.path.fullmatch(path))
        self._tail = b""
        self._start = 0
        self._lines = 0
        self._is_new = True
        self._seen: dict[tuple[str, int], Hit] = {}
        self.is_binary = False

    @property
    def hits(self) -> tuple[Hit, ...]:
        """What was found so far, in the order of the text; a known form says all of its line."""
        found = [hit for _, hit in sorted(self._seen.items(), key=lambda row: row[0][1])]
        known = {hit.line for hit in found if hit.rule not in _GENERAL}
        return tuple(hit for hit in found if hit.rule not in _GENERAL or hit.line not in known)

    def feed(self, chunk: bytes) -> None:
        """Take the next part."""
        if self._is_new:
            self.is_binary = b"\0" in chunk[:_BINARY]
            self._is_new = False
        if self.is_binary or len(self._seen) >= _MOST_HITS:
            return
        window = self._tail + chunk
        for place, rule, title, severity, shown in self._find(window):
            key = (rule, self._start + place)
            if key not in self._seen and len(self._seen) < _MOST_HITS:
                line = self._lines + window.count(b"\n", 0, place) + 1
                self._seen[key] = Hit(
                    rule=rule, title=title, severity=severity, line=line, shown=shown
                )
        self._keep(window)

    def _keep(self, window: bytes) -> None:
        """Keep the end of what was seen, for what goes on in the next part."""
        cut = max(0, len(window) - _OVERLAP)
        self._start += cut
        self._lines += window.count(b"\n", 0, cut)
        self._tail = window[cut:]

    def _find(self, data: bytes) -> Iterator[tuple[int, str, str, Severity, str]]:
        yield from _forms(data)
        for file in self._files:
            yield from _logins(file, data)
        if self._care == "forms" or self._files:
            return
        for one in assignments(data, is_loose=self._care == "named"):
            if one.rule == "assignment":
                yield one.start, one.rule, "a secret under its own name", "high", one.name
            else:
                yield one.start, one.rule, "a password in an address", "high", one.name


def _forms(data: bytes) -> Iterator[tuple[int, str, str, Severity, str]]:
    for pattern in PATTERNS:
        for match in _matches(pattern, data):
            secret = match[pattern.group]
            if pattern.check(secret, data[match.end() : match.end() + _OVERLAP]):
                shown = _shown(secret, pattern)
                yield match.start(), pattern.rule, pattern.title, pattern.severity, shown


def _matches(pattern: Pattern, data: bytes) -> Iterator[re.Match[bytes]]:
    """Look for the form, which is slow, near the keywords alone, and nowhere more than twice."""
    for keyword in pattern.keywords:
        place = data.find(keyword)
        while place >= 0:
            yield from pattern.form.finditer(data, max(0, place - _BEFORE), place + 2 * _NEAR)
            place = data.find(keyword, place + _NEAR)


def _shown(secret: bytes, pattern: Pattern) -> str:
    """Show the part that every such secret has: it says what it is, and no more."""
    prefix = next((word.decode() for word in pattern.keywords if secret.startswith(word)), "")
    return f"{prefix}… of {len(secret)} characters" if prefix else ""


def _logins(file: CredentialFile, data: bytes) -> Iterator[tuple[int, str, str, Severity, str]]:
    for place in file.find(data):
        yield place, file.rule, file.title, file.severity, ""
