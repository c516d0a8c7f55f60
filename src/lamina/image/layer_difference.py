"""Layer differences: two layers read entry by entry, and each difference named.

The layer that was expected is one of our own, and is held in memory by names and digests; the other
one may be anybody's, and is only streamed past it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, NoReturn

from lamina.errors import ArchiveError
from lamina.image.installed import Found, is_register, read_register
from lamina.layer.decompress import DEFAULT_LIMITS, Decompressed
from lamina.layer.entries import LayerReader, Member
from lamina.oci.digest import Digest

MOST_NAMED: Final = 10_000
"""How many differences of one layer are told; the rest are counted."""

_CHUNK: Final = 1 << 20
_LARGEST_REGISTER: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class _Entry:
    """A member, and the digest of its content."""

    member: Member
    digest: str


def layer_differences(
    expected: BinaryIO, actual: BinaryIO, *, owners: Mapping[str, str]
) -> tuple[str, ...]:
    """Say how the layer ``actual`` differs from ``expected``: packages first, then paths.

    ``owners`` says which distribution or package an expected path belongs to.  Nothing is said of
    layers whose entries are equal.  Raises ``ArchiveError`` when ``actual`` cannot be read.
    """
    named: dict[str, _Entry] = {}
    wanted: list[Found] = []
    for entry, found in _entries(expected):
        named[entry.member.path] = entry
        wanted += found
    places = {path: place for place, path in enumerate(named)}
    there: list[Found] = []
    lines: list[str] = []
    last, moved, more = -1, 0, 0
    for entry, found in _entries(actual):
        path = entry.member.path
        there += found
        place = places.get(path, last)
        moved += place < last
        last = max(last, place)
        line = _compare(named.pop(path, None), entry, _owner(path, owners))
        more += bool(line) and len(lines) >= MOST_NAMED
        if line and len(lines) < MOST_NAMED:
            lines.append(line)
    lines += [f"/{path} is missing{_owner(path, owners)}" for path in list(named)[:MOST_NAMED]]
    if not lines and moved:
        lines.append("the entries are in another order")
    rest = more + max(0, len(named) - MOST_NAMED)
    return (*_packages(wanted, there), *lines, *([f"and {rest} more"] if rest else []))


def diff_id_of(stream: BinaryIO) -> Digest:
    """Compute the digest of the tar inside a layer's blob; raise ``ArchiveError`` for none."""

    def refuse(what: str) -> NoReturn:
        raise ArchiveError(f"the layer {what}")

    plain = Decompressed(stream, limits=DEFAULT_LIMITS, refuse=refuse)
    return _hash(lambda: plain.read(_CHUNK))


def digest_of(stream: BinaryIO) -> Digest:
    """Compute the digest of a blob."""
    return _hash(lambda: stream.read(_CHUNK))


def _hash(read: Callable[[], bytes]) -> Digest:
    hasher = hashlib.sha256()
    while chunk := read():
        hasher.update(chunk)
    return Digest(hasher.hexdigest())


def _entries(stream: BinaryIO) -> Iterator[tuple[_Entry, tuple[Found, ...]]]:
    reader = LayerReader(stream)
    for member in reader:
        hasher, kept = hashlib.sha256(), bytearray()
        is_kept = is_register(member.path) and member.size <= _LARGEST_REGISTER
        for chunk in reader.chunks():
            hasher.update(chunk)
            if is_kept:
                kept += chunk
        found = read_register(member.path, bytes(kept)) if kept else ()
        yield _Entry(member, hasher.hexdigest() if member.kind == "file" else ""), found


def _compare(expected: _Entry | None, actual: _Entry, owner: str) -> str:
    """Say what of one path differs; nothing where nothing does."""
    shown = f"/{actual.member.path}"
    if expected is None:
        return f"{shown} {_added(actual.member)}{owner}"
    before, after = expected.member, actual.member
    if before.kind != after.kind:
        return f"{shown} is a {after.kind} and not a {before.kind}{owner}"
    changes = [
        *_changed("mode", f"{before.mode:04o}", f"{after.mode:04o}"),
        *_changed("uid", before.uid, after.uid),
        *_changed("gid", before.gid, after.gid),
        *_changed("mtime", before.mtime, after.mtime),
        *_changed("size", before.size, after.size),
        *_content(expected.digest, actual.digest),
        *_changed("target", before.target, after.target),
        *_changed("device", before.device, after.device),
        *_changed("extended attributes", sorted(before.xattrs), sorted(after.xattrs)),
    ]
    if not changes and dict(before.xattrs) != dict(after.xattrs):
        changes.append("extended attributes with other values")
    return f"{shown}{owner}: {', '.join(changes)}" if changes else ""


def _added(member: Member) -> str:
    if member.is_opaque_marker:
        return "is a whiteout, which hides all that is below its folder"
    if member.removes is not None:
        return f"is a whiteout, which removes /{member.removes}"
    return f"is a {member.kind} that does not belong here"


def _changed(what: str, before: object, after: object) -> list[str]:
    return [] if before == after else [f"{what} {after} instead of {before}"]


def _content(before: str, after: str) -> list[str]:
    return [] if before == after else [f"sha256 {after[:12]}… instead of {before[:12]}…"]


def _owner(path: str, owners: Mapping[str, str]) -> str:
    """Name whose path it is, or who else has files in its folder."""
    if owner := owners.get(path):
        return f" ({owner})"
    folder = path.rpartition("/")[0]
    while folder:
        if beside := owners.get(f"{folder}/"):
            return f" (beside {beside})"
        folder = folder.rpartition("/")[0]
    return ""


def _packages(expected: list[Found], actual: list[Found]) -> Iterator[str]:
    """Say which distributions and packages differ, by what they call themselves."""
    before, after = _versions(expected), _versions(actual)
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        if one is None:
            yield f"{name} {other} does not belong here"
        elif other is None:
            yield f"{name} {one} is missing"
        else:
            yield f"{name} {other} instead of {one}"


def _versions(found: list[Found]) -> dict[str, str]:
    rows: dict[str, set[str]] = {}
    for one in found:
        rows.setdefault(one.name, set()).add(one.version)
    return {name: ", ".join(sorted(versions)) for name, versions in rows.items()}
