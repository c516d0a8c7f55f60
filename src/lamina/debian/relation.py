"""Relations between packages: Depends, Provides, Conflicts, Breaks (Debian Policy 7.1)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from lamina.errors import ArchiveError

_RELATION = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9+.\-_]*)(?::(?P<qualifier>[a-z0-9\-]+))?"
    r"(?:\s*\(\s*(?P<operator><<|<=|=|>=|>>|<|>)\s*(?P<version>[A-Za-z0-9][^\s()]*)\s*\))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One name with an optional version bound; ``qualifier`` is ``any`` or an architecture."""

    name: str
    operator: str = ""
    version: str = ""
    qualifier: str = ""

    def __str__(self) -> str:
        name = f"{self.name}:{self.qualifier}" if self.qualifier else self.name
        return f"{name} ({self.operator} {self.version})" if self.operator else name


# Alternatives, in the order of preference: ``a | b``.
Group = tuple[Relation, ...]


@lru_cache(maxsize=4096)
def parse_relations(text: str) -> tuple[Group, ...]:
    """Parse a relation field into groups, all of which must hold.

    Raises ``ArchiveError`` for what is not a relation.

    >>> [" or ".join(map(str, group)) for group in parse_relations("a (>= 1), b:any | c")]
    ['a (>= 1)', 'b:any or c']
    """
    groups = [part.strip() for part in text.split(",")]
    return tuple(
        tuple(_relation(choice.strip()) for choice in group.split("|")) for group in groups if group
    )


def _relation(text: str) -> Relation:
    match = _RELATION.fullmatch(text)
    if match is None:
        raise ArchiveError(f"{text[:80]!r} is not a relation between packages")
    return Relation(**{key: value or "" for key, value in match.groupdict().items()})
