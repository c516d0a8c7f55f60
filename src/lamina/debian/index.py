"""All packages of some Packages files, as one set of candidates, parsed only where looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from lamina.debian.control import Paragraph, parse_paragraph
from lamina.debian.relation import Group, Relation, parse_relations
from lamina.debian.version import VersionKey, version_key
from lamina.errors import ArchiveError

_PRIORITIES = ("required", "important", "standard", "optional", "extra")


class Available:
    """A package that an archive offers: its paragraph of the Packages file, read on demand."""

    def __init__(self, text: str, *, archive: str) -> None:
        self.text = text
        self.archive = archive

    @cached_property
    def _paragraph(self) -> Paragraph:
        return parse_paragraph(self.text, where=f"Packages of {self.archive}")

    def field(self, name: str) -> str:
        """Return a field's value, or the empty string."""
        return self._paragraph.get(name)

    @property
    def name(self) -> str:
        """Its name."""
        return self.field("Package")

    @property
    def version(self) -> str:
        """Its version, with epoch and revision."""
        return self.field("Version")

    @cached_property
    def depends(self) -> tuple[Group, ...]:
        """What must be there: Pre-Depends and Depends, never Recommends."""
        return self._relations("Pre-Depends") + self._relations("Depends")

    @cached_property
    def conflicts(self) -> tuple[Relation, ...]:
        """What must not be there: Conflicts and Breaks."""
        groups = self._relations("Conflicts") + self._relations("Breaks")
        return tuple(relation for group in groups for relation in group)

    @cached_property
    def provides(self) -> tuple[Relation, ...]:
        """The other names that it goes by, some with a version."""
        return tuple(relation for group in self._relations("Provides") for relation in group)

    @property
    def rank(self) -> tuple[bool, int, str]:
        """Its place among providers of one name: Essential first, then priority, then name."""
        priority = self.field("Priority")
        place = _PRIORITIES.index(priority) if priority in _PRIORITIES else len(_PRIORITIES)
        return (self.field("Essential") != "yes", place, self.name)

    def _relations(self, field: str) -> tuple[Group, ...]:
        try:
            return parse_relations(self.field(field))
        except ArchiveError as error:
            raise ArchiveError(
                f"the {field} of {self.name} cannot be read: {error.what}", where=self.archive
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagesFile:
    """The bytes of one verified Packages file, and the key of the archive that it came from."""

    archive: str
    data: bytes


class Index:
    """Names to candidates over several Packages files.

    It works on bytes and offsets: a Packages file of 50 MB becomes an index in 0.2 s and takes
    little more memory than its own bytes, because a build looks at 30 paragraphs of 60,000.
    """

    def __init__(self, files: Iterable[PackagesFile]) -> None:
        self._files = tuple(files)
        self._offsets: dict[bytes, list[tuple[int, int]]] = {}
        self._providers: dict[bytes, set[bytes]] = {}
        self._candidates: dict[str, Available | None] = {}
        for number, file in enumerate(self._files):
            self._add(number, file.data)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.encode() in self._offsets

    def names(self) -> Iterator[str]:
        """Yield the names of all real packages."""
        return (name.decode(errors="replace") for name in self._offsets)

    def candidate(self, name: str) -> Available | None:
        """Return the highest version of ``name`` over all files, or None where it is not real."""
        if name not in self._candidates:
            found = [
                self._available(number, offset)
                for number, offset in self._offsets.get(name.encode(), ())
            ]
            self._candidates[name] = max(found, key=_version_key, default=None)
        return self._candidates[name]

    def providers(self, name: str) -> tuple[Available, ...]:
        """Return the candidates that provide ``name``, the preferred one first."""
        names = sorted(self._providers.get(name.encode(), ()))
        found = (self.candidate(provider.decode(errors="replace")) for provider in names)
        # A package may have stopped providing the name in its newest version.
        real = [one for one in found if one and any(name == p.name for p in one.provides)]
        return tuple(sorted(real, key=lambda one: one.rank))

    def _add(self, number: int, data: bytes) -> None:
        for offset in _field_offsets(data, b"Package:"):
            self._offsets.setdefault(_value(data, offset), []).append((number, offset))
        for offset in _field_offsets(data, b"Provides:"):
            provider = _value(data, data.rfind(b"\nPackage:", 0, offset) + 1)
            for choice in _value(data, offset).split(b","):
                virtual = choice.split(b"(")[0].split(b":")[0].strip()
                self._providers.setdefault(virtual, set()).add(provider)

    def _available(self, number: int, offset: int) -> Available:
        file = self._files[number]
        start = file.data.rfind(b"\n\n", 0, offset)
        end = file.data.find(b"\n\n", offset)
        text = file.data[start + 2 if start >= 0 else 0 : end if end >= 0 else None]
        try:
            return Available(text.decode().strip("\n"), archive=file.archive)
        except UnicodeDecodeError as error:
            raise ArchiveError("a Packages file is not UTF-8", where=file.archive) from error


def _version_key(package: Available) -> VersionKey:
    return version_key(package.version)


def _field_offsets(data: bytes, field: bytes) -> Iterator[int]:
    if data.startswith(field):
        yield 0
    needle, position = b"\n" + field, 0
    while (position := data.find(needle, position)) >= 0:
        position += 1
        yield position


def _value(data: bytes, offset: int) -> bytes:
    end = data.find(b"\n", offset)
    line = data[offset : end if end >= 0 else None]
    return line.partition(b":")[2].strip()
