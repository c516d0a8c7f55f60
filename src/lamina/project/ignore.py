"""Which files stay out of an image: .dockerignore's rules, and names that never belong in one."""

import posixpath
import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from lamina.errors import ProjectError

NOT_SOURCES: Final = (
    "**/.git",
    "**/.hg",
    "**/.svn",
    "**/.venv",
    "**/__pycache__",
    "**/*.py[co]",
    "**/.pytest_cache",
    "**/.mypy_cache",
    "**/.ruff_cache",
    "**/.tox",
    "**/.nox",
    "**/*.egg-info",
    "**/node_modules",
)
"""What tools make beside the sources, under names that no package of Python has."""

SAFE_DEFAULTS: Final = (
    *NOT_SOURCES,
    "**/venv",
    "**/.coverage",
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
        patterns = tuple(patterns)
        self._rules = [(_compile(text), keeps) for text, keeps in map(_split, patterns) if text]
        self.has_exceptions = any(keeps for _, keeps in self._rules)
        self._kept = [text.split("/") for text, keeps in map(_split, patterns) if text and keeps]

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

    def leads_to_kept(self, folder: str) -> bool:
        """Say whether an exception may let in something below a folder that is left out.

        >>> rules = IgnoreRules([".venv", "docs", "!docs/*.md", "!src"])
        >>> rules.leads_to_kept("docs"), rules.leads_to_kept(".venv")
        (True, False)
        """
        parts = folder.split("/")
        return any(_leads(pattern, parts) for pattern in self._kept)


def _leads(pattern: list[str], folder: list[str]) -> bool:
    """Compare part by part, as far as both go; ``**`` leads anywhere, and a class may."""
    for one, part in zip(pattern, folder, strict=False):
        if "**" in one or "[" in one or "\\" in one:
            return True
        if not _compile(one).fullmatch(part):
            return False
    return True


def read_patterns(text: str) -> tuple[str, ...]:
    """Read the lines of a .dockerignore file."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _split(line: str) -> tuple[str, bool]:
    keeps = line.startswith("!")
    pattern = posixpath.normpath(line.removeprefix("!").strip().strip("/"))
    return "" if pattern == "." else pattern, keeps


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Translate Go's ``filepath.Match`` plus ``**`` into a regular expression, as Docker does."""
    out = "".join(_translate(token) for token in _TOKEN.findall(pattern))
    if not out.endswith(_ANY_FOLDERS):
        return re.compile(out, re.DOTALL)
    return re.compile(out.removesuffix(_ANY_FOLDERS) + ".*", re.DOTALL)  # a last ** takes anything


def _translate(token: str) -> str:
    match token:
        case "**" | "**/":
            return _ANY_FOLDERS
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case _ if len(token) > 1 and token.startswith("["):
            return _class(token)
        case _:
            return re.escape(token.removeprefix("\\") or token)


def _class(token: str) -> str:
    """Translate a class such as ``[a-z]`` or ``[^_]``; neither matches a slash."""
    negated = token.startswith("[^")
    members = token[2:-1] if negated else token[1:-1]
    escaped = "".join(c if c == "-" else re.escape(c) for c in members).replace("--", r"-\-")
    try:
        re.compile(f"[{escaped}]")
    except re.error as error:
        raise ProjectError(
            f"{token!r} in a pattern is not a class of characters: {error.msg}",
            where=".dockerignore, or exclude in [tool.lamina]",
        ) from error
    return f"(?!/)[{'^' if negated else ''}{escaped}]"


_ANY_FOLDERS: Final = "(?:.*/)?"
_TOKEN: Final = re.compile(r"\*\*/?|\*|\?|\[\^?[^\]\[\\]+\]|\\.|.", re.DOTALL)
