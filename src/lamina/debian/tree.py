"""Tree: which paths the packages have filled, so that each appears once and none through a link."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from lamina.debian.control import parse_paragraph
from lamina.debian.effects import MERGED, merge_link, merged
from lamina.debian.relation import parse_relations
from lamina.debian.rules import is_kept
from lamina.debian.selection import DebianPackage
from lamina.debian.tar_members import Member
from lamina.errors import ArchiveError
from lamina.oci.entry import Entry, Kind

# Set-user-id programs are of no use to the one unprivileged user of an image, only to attackers.
_FILE_BITS = 0o777
_DIRECTORY_BITS = 0o1777


LeavesOut = Callable[[str], bool]
"""Say of a path, as after the usr-merge, that the image does without it."""


class Tree:
    """The kinds and owners of all paths, in the layers below and in this one."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._owners: dict[str, DebianPackage] = {}

    def kind(self, path: str) -> Kind | None:
        """Return what is at ``path``."""
        return self._kinds.get(path)

    def from_package(self, path: str) -> bool:
        """Tell whether a package has something at ``path``, given as after the usr-merge."""
        return merged(path) in self._owners

    def owner(self, path: str) -> DebianPackage | None:
        """Return the package that ``path`` is from."""
        return self._owners.get(path)

    def note(self, entry: Entry, *, owner: DebianPackage | None) -> None:
        """Remember an entry, and the package that it is from."""
        self._kinds[entry.path] = entry.kind
        if owner is not None:
            self._owners[entry.path] = owner

    def parents(self, path: str) -> Iterator[Entry]:
        """Yield the directories above ``path`` that are not there yet.

        Raises ``ArchiveError`` when one of them is a link or a file: what is written through a
        link lands where nobody looked.
        """
        parts = path.split("/")[:-1]
        for end in range(1, len(parts) + 1):
            parent = "/".join(parts[:end])
            kind = self._kinds.get(parent)
            if kind is None:
                self._kinds[parent] = "directory"
                yield Entry(path=parent, kind="directory", mode=0o755)
            elif kind != "directory":
                raise ArchiveError(f"/{path} would lie below /{parent}, which is a {kind}")

    def walk(self, package: DebianPackage, leaves_out: LeavesOut) -> "Walk":
        """Start to add the members of ``package``, but for the files that ``leaves_out`` names."""
        return Walk(self, package, leaves_out)


class Walk:
    """The members of one package on their way into the tree."""

    def __init__(self, tree: Tree, package: DebianPackage, leaves_out: LeavesOut) -> None:
        self._tree = tree
        self._package = package
        self._leaves_out = leaves_out
        self._seen: set[str] = set()
        self._kept: set[str] = set()

    @property
    def kept(self) -> frozenset[str]:
        """The files of the package that are in the image, by the package's own paths."""
        return frozenset(self._kept)

    def add(self, member: Member) -> Iterator[Entry]:
        """Yield what the image gets for ``member``: nothing, or an entry after its parents.

        Raises ``ArchiveError`` when the package repeats itself, takes another package's file,
        or links to what it does not hold.
        """
        if not member.name or self._is_merged_directory(member):
            return
        path = merged(member.name)
        if path in self._seen and member.kind != "directory":
            raise self._error(f"/{path} is there twice")
        self._seen.add(path)
        is_wanted = is_kept(self._package.name, path, whole=self._package.whole)
        if not is_wanted or self._leaves_out(path):
            return
        if self._is_there(member, path) or self._links_to_pruned(member):
            return
        yield from self._merge_link(member.name, path)
        yield from self._tree.parents(path)
        entry = _entry(member, path)
        self._tree.note(entry, owner=self._package)
        if member.kind != "directory":
            self._kept.add(member.name)
        yield entry

    def _is_merged_directory(self, member: Member) -> bool:
        """Tell whether it is bin, lib and so on: a directory there would replace the link."""
        if member.name not in MERGED:
            return False
        return member.kind == "directory" or self._tree.kind(member.name) is not None

    def _merge_link(self, name: str, path: str) -> Iterator[Entry]:
        old = next((old for old in MERGED if name != path and name.startswith(f"{old}/")), "")
        if old and self._tree.kind(old) is None:
            link = merge_link(old)
            yield from self._tree.parents(old)
            self._tree.note(link, owner=None)
            yield link

    def _is_there(self, member: Member, path: str) -> bool:
        kind, owner = self._tree.kind(path), self._tree.owner(path)
        if kind is None:
            return False
        if member.kind == "directory" and kind not in {"symlink", "directory"}:
            raise self._error(f"/{path} is a {kind} already")
        if kind == "directory" or member.kind == "directory":
            return True  # a directory never replaces a link, nor a link a directory
        if owner is None or owner.name == self._package.name:
            return False  # what the layer below made or held as data comes whole in this one
        if self._package.name in replaced_by(owner):
            return True
        if owner.name in replaced_by(self._package) and owner.whole != self._package.whole:
            return False
        raise self._error(f"/{path} is from {owner.name} already")

    def _links_to_pruned(self, member: Member) -> bool:
        if member.kind != "hardlink":
            return False
        target = merged(member.target)
        if target not in self._seen:
            raise self._error(
                f"{member.name} is a hard link to {member.target}, which is not there"
            )
        owner = self._tree.owner(target)
        return owner is None or owner != self._package

    def _error(self, what: str) -> ArchiveError:
        return ArchiveError(f"the package cannot be used: {what}", where=self._package.name)


def replaced_by(package: DebianPackage) -> frozenset[str]:
    """Return the names of the packages whose files ``package`` may replace."""
    return _replaces(package.control) - {package.name}


@lru_cache(maxsize=1024)
def _replaces(control: str) -> frozenset[str]:
    groups = parse_relations(parse_paragraph(control).get("Replaces"))
    return frozenset(relation.name for group in groups for relation in group)


def _entry(member: Member, path: str) -> Entry:
    match member.kind:
        case "directory":
            return Entry(path=path, kind="directory", mode=member.mode & _DIRECTORY_BITS)
        case "symlink":
            return Entry(path=path, kind="symlink", mode=0o777, target=member.target)
        case "hardlink":
            target = merged(member.target)
            return Entry(path=path, kind="hardlink", mode=member.mode & _FILE_BITS, target=target)
        case _:
            return Entry(path=path, mode=member.mode & _FILE_BITS, data=member.data)
