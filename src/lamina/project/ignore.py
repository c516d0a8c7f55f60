"""Which files stay out of an image: .dockerignore's rules, and names that never belong in one."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

SAFE_DEFAULTS: Final = (
    "**/.git",
    "**/.hg",
    "**/.svn",
    "**/.venv",
    "**/venv",
    "**/__pycache__",
    "**/*.py[co]",
    "**/.pytest_cache",
    "**/.mypy_cache",
    "**/.ruff_cache",
    "**/.tox",
    "**/.nox",
    "**/.coverage",
    "**/*.egg-info",
    "**/node_modules",
    "**/.ipynb_checkpoints",
    "**/.env",
    "**/.env.*",
    "**/*.pem",
    "**/*.key",
    "**/id_rsa*",
    "**/id_ed25519*",
    "**/.netrc",
    "**/.pypirc",
    "**/.aws",
    "**/.ssh",
    "**/.docker",
    "**/.lamina",
)
"""Caches, environments and secrets; a ``!pattern`` in .dockerignore or ``exclude`` lets one in."""


class IgnoreRules:
    """Patterns in order; the last that matches decides (Docker's ".dockerignore" page)."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._rules = [(_compile(text), keeps) for text, keeps in map(_split, patterns) if text]
        self.has_exceptions = any(keeps for _, keeps in self._rules)

    def ignores(self, path: str) -> bool:
        """Say whether ``path``, relative with slashes, or a folder above it, is left out.

        >>> IgnoreRules(["**/*.csv", "!data/small.csv"]).ignores("data/big.csv")
        True
        """
        parts = path.split("/")
        prefixes = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        ignored = False
        for pattern, keeps in self._rules:
            if any(pattern.fullmatch(prefix) for prefix in prefixes):
                ignored = not keeps
        return ignored


def read_patterns(text: str) -> tuple[str, ...]:
    """Read the lines of a .dockerignore file."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _split(line: str) -> tuple[str, bool]:
    keeps = line.startswith("!")
    return line.removeprefix("!").strip().strip("/").removeprefix("./"), keeps


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Translate Go's ``filepath.Match`` plus ``**`` into a regular expression."""
    out, position = "", 0
    while position < len(pattern):
        rest = pattern[position:]
        token = next(t for t in _TOKENS if (match := t[0].match(rest)))
        match = token[0].match(rest)
        assert match  # noqa: S101 - the last token matches any character
        out += token[1] if token[1] is not None else _class_or_character(match[0])
        position += match.end()
    return re.compile(out, re.DOTALL)


def _class_or_character(text: str) -> str:
    if text.startswith("[") and len(text) > 1:
        return text.replace("[^", "[^/", 1) if text.startswith("[^") else text
    return re.escape(text.removeprefix("\\") or text)


_TOKENS: Final[tuple[tuple[re.Pattern[str], str | None], ...]] = (
    (re.compile(r"\*\*/"), r"(?:[^/]+/)*"),
    (re.compile(r"\*\*"), r".*"),
    (re.compile(r"\*"), r"[^/]*"),
    (re.compile(r"\?"), r"[^/]"),
    (re.compile(r"\[\^?[^\]\[\\]+\]"), None),
    (re.compile(r"\\?.", re.DOTALL), None),
)
