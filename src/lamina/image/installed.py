"""What the layers of an image say is installed: dist-info folders and dpkg's status, stacked."""

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Final

from packaging.metadata import parse_email

from lamina.debian.control import Paragraph, parse_paragraphs
from lamina.errors import ArchiveError
from lamina.image.license import License, license_of
from lamina.layer.entries import LayerReader, Member

_METADATA: Final = re.compile(
    r"(.*/)?([^/]+\.dist-info/METADATA|[^/]+\.egg-info/PKG-INFO|[^/]+\.egg-info|EGG-INFO/PKG-INFO)"
)
_STATUS: Final = re.compile(r"var/lib/dpkg/(status|status\.d/(?![^/]*\.md5sums$)[^/]+)")
_RELEASE: Final = frozenset({"etc/os-release", "usr/lib/os-release"})
_UNREAD: Final = re.compile(
    r"lib/apk/db/installed|(var/lib|usr/lib/sysimage)/rpm/(Packages|Packages\.db|rpmdb\.sqlite)"
)
_STARTS: Final = (b"Metadata-Version:", b"Name:", b"Package:")
"""How files begin that may have another name, under which they say what is installed."""
_LARGEST: Final = 32 << 20
_LARGEST_ELSEWHERE: Final = 64 << 20
_LONGEST: Final = 200
_MOST: Final = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A distribution, or (with an ``architecture``) a Debian package, and the file that says so.

    ``source`` is the control field of a Debian package, empty for the package itself.
    """

    name: str
    version: str
    path: str
    license: License = field(default_factory=License)
    architecture: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What was found, by path; ``release`` holds the fields of os-release.

    ``notes`` name files that should say something and cannot be read.
    """

    found: tuple[Found, ...] = ()
    release: Mapping[str, str] = field(default_factory=dict, hash=False)
    notes: tuple[str, ...] = ()

    @property
    def distributions(self) -> tuple[Found, ...]:
        """The distributions."""
        return tuple(one for one in self.found if not one.architecture)

    @property
    def packages(self) -> tuple[Found, ...]:
        """The Debian packages."""
        return tuple(one for one in self.found if one.architecture)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one file says."""

    found: tuple[Found, ...] = ()
    release: tuple[tuple[str, str], ...] = ()
    note: str = ""


def installed(layers: Iterable[BinaryIO]) -> Installed:
    """Read layers from the bottom up, whiteouts applied; the caller closes the streams.

    Raises ``ArchiveError`` for a layer that is malformed or holds more than is plausible.
    """
    tree: dict[str, _Said] = {}
    elsewhere = _Elsewhere()
    for stream in layers:
        gone, opaque, said = _layer(LayerReader(stream), tree, elsewhere)
        tree = {path: one for path, one in tree.items() if not _is_gone(path, gone, opaque)}
        tree.update(said)
    release: dict[str, str] = {}
    for path in sorted(tree, reverse=True):  # /usr/lib first: /etc has the last word
        release.update(tree[path].release)
    found = (one for path in sorted(tree) for one in tree[path].found)
    return Installed(
        found=tuple(found),
        release=release,
        notes=tuple(tree[path].note for path in sorted(tree) if tree[path].note),
    )


def is_register(path: str) -> bool:
    """Say whether a file at ``path`` tells what is installed."""
    return path in _RELEASE or bool(_METADATA.fullmatch(path) or _STATUS.fullmatch(path))


def read_register(path: str, data: bytes) -> tuple[Found, ...]:
    """Read such a file alone; nothing from one that cannot be read."""
    return _read(path, data).found


class _Elsewhere:
    """Keeps files that look as if they said what is installed, under names that do not.

    A hard link may give one of them such a name, also in a later layer.
    """

    def __init__(self) -> None:
        self._texts: dict[str, bytes] = {}
        self._left = _LARGEST_ELSEWHERE

    def take(self, reader: LayerReader, member: Member) -> None:
        """Look at the first bytes of a file, and keep all of it where they are as expected."""
        self._texts.pop(member.path, None)
        if not 0 < member.size <= min(_LARGEST, self._left):
            return
        chunks = reader.chunks()
        first = next(chunks, b"")
        if first.startswith(_STARTS):
            self._texts[member.path] = b"".join([first, *chunks])
            self._left -= member.size

    def link(self, member: Member) -> None:
        """Give a file one more name."""
        if member.target in self._texts:
            self._texts[member.path] = self._texts[member.target]

    def said(self, member: Member) -> _Said:
        """Read a file under the name that a link gives it."""
        text = self._texts.get(member.target)
        if text is None:
            return _Said(note=f"/{_plain(member.path)} is another name of a file that was not read")
        return _read(member.path, text)


def _layer(
    reader: LayerReader, below: MutableMapping[str, _Said], elsewhere: _Elsewhere
) -> tuple[set[str], set[str], dict[str, _Said]]:
    """Read one layer: which paths it hides, of which folders it hides all, and what it says."""
    gone: set[str] = set()
    opaque: set[str] = set()
    said: dict[str, _Said] = {}
    count = 0
    for member in reader:
        _hide(member, gone, opaque)
        if _UNREAD.fullmatch(member.path):
            said[member.path] = _Said(note=f"/{member.path} lists packages that are not read here")
        if is_register(member.path):
            said[member.path] = _member(reader, member, ChainMap(said, below), elsewhere)
            count += len(said[member.path].found)
            if count > _MOST:
                raise ArchiveError(f"the layer lists more than {_MOST} packages")
        elif member.kind == "file":
            elsewhere.take(reader, member)
        elif member.kind == "hardlink":
            elsewhere.link(member)
    return gone, opaque, said


def _hide(member: Member, gone: set[str], opaque: set[str]) -> None:
    """Note what of the layers below a member hides."""
    if member.is_opaque_marker:
        opaque.add(member.path.rpartition("/")[0])
    elif (removed := member.removes) is not None:
        gone.add(removed)
    elif member.kind != "directory":
        gone.add(member.path)


def _member(
    reader: LayerReader, member: Member, known: Mapping[str, _Said], elsewhere: _Elsewhere
) -> _Said:
    if member.kind == "hardlink":
        other = known.get(member.target)
        if other is None:
            return elsewhere.said(member)
        return replace(other, found=tuple(replace(x, path=member.path) for x in other.found))
    if member.kind != "file":
        return _Said()  # a link leads to a file that is looked at where it is, or a folder
    if member.size > _LARGEST:
        return _Said(note=f"/{member.path} has {member.size} bytes, which nobody reads")
    return _read(member.path, b"".join(reader.chunks()))


def _is_gone(path: str, gone: set[str], opaque: set[str]) -> bool:
    if path in gone or "" in opaque:
        return True
    parts = path.split("/")
    above = ("/".join(parts[:count]) for count in range(1, len(parts)))
    return any(folder in gone or folder in opaque for folder in above)


def _read(path: str, data: bytes) -> _Said:
    if path in _RELEASE:
        return _Said(release=tuple(_release(data)))
    try:
        if _STATUS.fullmatch(path):
            return _Said(found=tuple(_packages(path, data)))
        return _Said(found=(_distribution(path, data),))
    except ArchiveError as error:
        return _Said(note=f"/{_plain(path)} cannot be read: {error.what}")


def _distribution(path: str, data: bytes) -> Found:
    fields: Any = parse_email(data)[0]
    name, version = fields.get("name", ""), fields.get("version", "")
    if not name:
        raise ArchiveError("it has no name")
    return Found(
        name=_plain(name), version=_plain(version), path=_plain(path), license=license_of(data)
    )


def _packages(path: str, data: bytes) -> Iterator[Found]:
    text = data.decode("utf-8", "replace")
    for paragraph in parse_paragraphs(text, where=path):
        if paragraph.get("Package") and _is_installed(paragraph):
            yield Found(
                name=_plain(paragraph.get("Package")),
                version=_plain(paragraph.get("Version")),
                path=_plain(path),
                architecture=_plain(paragraph.get("Architecture")) or "all",
                source=_plain(paragraph.get("Source")),
            )


def _is_installed(paragraph: Paragraph) -> bool:
    """Read dpkg's Status, of which distroless records have none."""
    status = paragraph.get("Status")
    return not status or status.split()[-1] == "installed"


def _release(data: bytes) -> Iterator[tuple[str, str]]:
    for line in data.decode("utf-8", "replace").splitlines()[:_LONGEST]:
        key, equals, value = line.partition("=")
        if equals and not key.startswith("#"):
            yield key.strip()[:_LONGEST], _plain(value.strip().strip("\"'"))


def _plain(text: str) -> str:
    """Shorten what others wrote, and drop halves of characters, which no document can hold."""
    return text[:_LONGEST].encode("utf-8", "replace").decode()
