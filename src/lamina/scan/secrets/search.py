"""Search: a text comes in parts of any size, and the secrets in it go out, without their values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from lamina.scan.finding import Severity
from lamina.scan.secrets.assignments import Assigned, addresses, assignments
from lamina.scan.secrets.credential_files import CREDENTIAL_FILES, CredentialFile
from lamina.scan.secrets.patterns import PATTERNS, Pattern
from lamina.scan.secrets.settings import settings

Care = Literal["forms", "random", "named", "settings"]
"""Known forms and logins in addresses alone; also what looks drawn by chance; also whatever is
called a secret; and that to the end of its line."""

_OVERLAP: Final = 16 << 10
_BINARY: Final = 8 << 10
_MOST_HITS: Final = 100
GENERAL: Final = frozenset({"assignment", "password-in-address"})
"""What is a secret by its name or place; everything else has a form that only secrets have."""

_BEFORE, _NEAR = 64, 1024
_OTHERS: Final = re.compile(
    r".*(?:^|/)(?:dist-packages|node_modules)/.*|(?:.*/)?lib/python3[^/]*/(?!site-packages/).*"
    r"|usr/(?:share|include|src|lib|libexec)/(?!python3[^/]*/site-packages/).*|var/lib/(?:dpkg|apt)/.*"
)
_SETTINGS: Final = re.compile(
    r"(?:.*/)?(?:\.env(?:\..*)?|[^/]*\.(?:env|ini|cfg|conf|cnf|properties|tfvars|credentials)"
    r"|credentials|pip\.conf|\.?my\.cnf)|etc/(?:environment|default/[^/]+|sysconfig/[^/]+)"
)
_YAML: Final = re.compile(r".*\.ya?ml")
_CONFIGURES: Final = re.compile(
    r"(?:.*/)?(?:[^/]*\.(?:toml|json|config|xml)"
    r"|\.?(?:bashrc|profile|bash_history|zsh_history|condarc)|config|Dockerfile[^/]*)"
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
    count; what configures them is written on this side.
    """
    if _SETTINGS.fullmatch(path):
        return "settings"
    is_yaml = _YAML.fullmatch(path) is not None
    if not is_yaml and not _CONFIGURES.fullmatch(path):
        return "forms" if _OTHERS.fullmatch(path) else "random"
    if _OTHERS.fullmatch(path):  # there such files are a program's own data
        return "random"
    return "settings" if is_yaml else "named"


def login_files(path: str) -> frozenset[CredentialFile]:
    """Return what kinds of files of logins are called so."""
    return frozenset(one for one in CREDENTIAL_FILES if one.path.fullmatch(path))


class Search:
    """Takes a text apart; :attr:`is_binary` says that it is none, and was not looked into."""

    def __init__(self, path: str, *, care: Care | None = None) -> None:
        self._care: Care = care or care_for(path)
        self._files = login_files(path)
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
        known = {hit.line for hit in found if hit.rule not in GENERAL}
        return tuple(hit for hit in found if hit.rule not in GENERAL or hit.line not in known)

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
        if self._files:
            return
        for one in self._assigned(data):
            if one.rule == "assignment":
                yield one.start, one.rule, "a secret under its own name", "high", one.name
            else:
                yield one.start, one.rule, "a password in an address", "high", one.name

    def _assigned(self, data: bytes) -> Iterator[Assigned]:
        if self._care == "forms":
            yield from addresses(data, is_loose=False)
            return
        yield from assignments(data, is_loose=self._care != "random")
        if self._care == "settings":
            yield from settings(data)


def forms(data: bytes) -> Iterator[tuple[Pattern, re.Match[bytes]]]:
    """Yield what has the form of a secret, and was not drawn up as an example."""
    for pattern in PATTERNS:
        for match in _matches(pattern, data):
            if pattern.check(match[pattern.group], data[match.end() : match.end() + _OVERLAP]):
                yield pattern, match


def _forms(data: bytes) -> Iterator[tuple[int, str, str, Severity, str]]:
    for pattern, match in forms(data):
        shown = _shown(match[pattern.group], pattern)
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
