"""Links: what a hard link's name makes of a file that has no such name of its own.

A file is looked at by its path: a list of packages is read, and a login file is searched for
logins.  Under another name of the file that may be more, so it is looked at again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lamina.layer.entries import Member
from lamina.scan.documents import kept_bytes
from lamina.scan.secrets.credential_files import CredentialFile
from lamina.scan.secrets.search import Care, care_for, login_files
from lamina.scan.tree import Tree

_CARE: Final[dict[Care, int]] = {"forms": 0, "random": 1, "named": 2, "settings": 3}

Origin = tuple[int, str]
"""The layer that holds a file's bytes, and the path that they have in its tar."""


@dataclass(frozen=True, slots=True)
class Link:
    """A hard link in a layer, and where its bytes are."""

    member: Member
    layer: int
    origin: Origin


class Links:
    """Follows hard links to the bytes, one layer after another from the bottom up."""

    def __init__(self) -> None:
        self._origins: dict[str, Origin] = {}

    def follow(self, members: Iterable[Member], tree: Tree, number: int) -> Iterator[Link]:
        """Yield the links of a layer that are names of a file; ``tree`` is what is below it."""
        here: dict[str, Origin] = {}
        for member in members:
            if member.kind == "file":
                here[member.path] = (number, member.path)
            elif member.kind == "hardlink":
                origin = here.get(member.target) or self._below(member.target, tree)
                if origin is not None:
                    here[member.path] = self._origins[member.path] = origin
                    yield Link(member, number, origin)

    def _below(self, path: str, tree: Tree) -> Origin | None:
        leaf = tree.find(path)
        if leaf is None or not leaf.is_file:
            return None
        return (leaf.layer, path) if leaf.kind == "file" else self._origins.get(path)


@dataclass(frozen=True, slots=True)
class Aspect:
    """What of a file a path makes scanners look at; equal ones see the same."""

    kept: int
    care: Care
    logins: frozenset[CredentialFile]

    def sees_more(self, other: "Aspect") -> bool:
        """Say whether a file with the ``other`` aspect has to be looked at again.

        >>> aspect_of("root/.netrc").sees_more(aspect_of("srv/a.txt"))
        True
        """
        if self.kept > other.kept or not self.logins <= other.logins:
            return True
        return not self.logins and _CARE[self.care] > _CARE[other.care]


def aspect_of(path: str) -> Aspect:
    """Say how a file at ``path`` is looked at."""
    return Aspect(kept_bytes(path), care_for(path), login_files(path))
