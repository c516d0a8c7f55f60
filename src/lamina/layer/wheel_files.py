"""A wheel that was opened: its members, its metadata and RECORD, checked against each other."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from isal import isal_zlib
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lamina.errors import ArchiveError, IntegrityError
from lamina.layer.gzip_members import stored
from lamina.layer.inflate import inflate
from lamina.layer.record import RecordRow, new_hasher, read_record
from lamina.layer.safe_path import safe_path
from lamina.layer.scripts import Script, read_entry_points
from lamina.layer.wheel_identity import fields, parse_filename
from lamina.layer.zip_directory import STORED, Member, ZipDirectory
from lamina.oci.digest import Digest

SIGNATURES = ("RECORD.jws", "RECORD.p7s")
"""Files of dist-info that RECORD need not list."""

_LARGEST_METADATA = 64 << 20
_INFLATE_ERROR = cast("type[Exception]", isal_zlib.error)


class OpenWheel:
    """A wheel's members and what its metadata says, checked against each other.

    ``is_lenient`` accepts hashes in RECORD that are wrong.  Raises ``ArchiveError`` for a wheel
    that is malformed, ``IntegrityError`` for one that is not what RECORD lists.
    """

    def __init__(self, zip_: ZipDirectory, filename: str, *, is_lenient: bool) -> None:
        self._zip = zip_
        self._filename = filename
        self._is_lenient = is_lenient
        self.members = {m.name: m for m in zip_.members if not m.name.endswith("/")}
        self.folders = [m for m in zip_.members if m.name.endswith("/")]
        for member in zip_.members:
            safe_path(member.name.removesuffix("/"), where=filename)
        self.name, self.version = parse_filename(filename)
        self.dist_info = self._find_dist_info()
        self._check_metadata()
        self.record = read_record(self.text("RECORD"), where=f"{filename}, RECORD")
        self._check_record_names()
        self.entry_points = self._scripts()

    @property
    def owner(self) -> str:
        """The distribution's name and version, for messages and contents."""
        return f"{self.name} {self.version}"

    def where(self, member: Member) -> str:
        """Say in a message which member of which wheel is meant."""
        return self._zip.where(member.name)

    def fail(self, problem: str, member: str = "") -> ArchiveError:
        """Make the error that says what is wrong with a member, or with the whole wheel."""
        return self._zip.fail(problem, member)

    def digest(self, member: Member, row: RecordRow) -> Digest:
        """Hash a member that goes nowhere, and check it as one that is written."""
        hasher, also = hashlib.sha256(), new_hasher(row)
        packed, where = self.deflated(member), self.where(member)
        for data in inflate(packed, size=member.size, crc=member.crc, where=where):
            hasher.update(data)
            if also:
                also.update(data)
        self.check_row(member, row, (also or hasher).digest())
        return Digest(hasher.hexdigest())

    def check_row(self, member: Member, row: RecordRow, actual: bytes) -> None:
        """Raise ``IntegrityError`` unless ``actual`` is the hash that RECORD lists."""
        right_size = row.size is None or row.size == member.size
        if (row.algorithm and row.digest == actual and right_size) or self._is_lenient:
            return
        raise IntegrityError(
            "the file is not the one that RECORD lists"
            if row.algorithm
            else "RECORD has no hash of the file",
            where=self.where(member),
            hint="report it to the publisher; to accept this wheel all the same, add "
            f'"{self.name}" to allow-record-mismatch in [tool.lamina]',
        )

    def text(self, name: str) -> str:
        """Read a file of dist-info."""
        member = self.members.get(f"{self.dist_info}/{name}")
        if member is None:
            raise self.fail(f"{self.dist_info}/{name} is missing")
        try:
            return self.read(member).decode("utf-8")
        except UnicodeDecodeError:
            raise self.fail("the file is not UTF-8", member.name) from None

    def read(self, member: Member) -> bytes:
        """Read a member that is small."""
        if member.size > _LARGEST_METADATA:
            raise self.fail(f"the file is larger than {_LARGEST_METADATA} bytes", member.name)
        where = self.where(member)
        return b"".join(
            inflate(self.deflated(member), size=member.size, crc=member.crc, where=where)
        )

    def deflated(self, member: Member) -> Iterable[bytes]:
        """Return a member as a raw deflate stream, in pieces that can be gone through again."""
        return _Deflated(self._zip, member)

    def begins_with(self, member: Member, text: bytes) -> bool:
        """Say whether the content begins with ``text``, from its first bytes alone."""
        packed = next(self._zip.packed(member), b"")
        if member.method == STORED:
            return packed.startswith(text)
        try:
            return isal_zlib.decompressobj(-15).decompress(packed, len(text)) == text
        except _INFLATE_ERROR as error:
            raise self.fail(f"the file cannot be inflated: {error}", member.name) from error

    def owns(self, folder: str) -> bool:
        """Say whether ``name-version.suffix`` carries this wheel's name and version."""
        name, _, version = folder.rpartition(".")[0].partition("-")
        try:
            same_version = str(Version(version)) == self.version
        except InvalidVersion:
            return False
        return same_version and canonicalize_name(name) == self.name

    def _scripts(self) -> tuple[Script, ...]:
        if f"{self.dist_info}/entry_points.txt" not in self.members:
            return ()
        return read_entry_points(self.text("entry_points.txt"), where=self._filename)

    def _find_dist_info(self) -> str:
        found = {n.partition("/")[0] for n in self.members if ".dist-info/" in n}
        found = {top for top in found if top.endswith(".dist-info")}
        if len(found) != 1:
            raise self.fail(f"a wheel has one .dist-info folder, and this has {len(found)}")
        dist_info = found.pop()
        if not self.owns(dist_info):
            raise self.fail(f"{dist_info} does not belong to a wheel of that name")
        return dist_info

    def _check_metadata(self) -> None:
        wheel = fields(self.text("WHEEL"))
        if wheel.get("wheel-version", "").partition(".")[0] != "1":
            raise self.fail(f"wheel version {wheel.get('wheel-version')!r} is unknown")
        metadata = fields(self.text("METADATA"))
        try:
            version = str(Version(metadata.get("version", "")))
        except InvalidVersion:
            version = ""
        if (canonicalize_name(metadata.get("name", "")), version) != (self.name, self.version):
            raise self.fail(
                f"METADATA is that of {metadata.get('name')!r} {metadata.get('version')!r}"
            )

    def _check_record_names(self) -> None:
        """Names are strict both ways: nothing unlisted, nothing missing."""
        own = {f"{self.dist_info}/{name}" for name in ("RECORD", *SIGNATURES)}
        unlisted = self.members.keys() - self.record.keys() - own
        missing = self.record.keys() - self.members.keys() - own
        for name in sorted(unlisted):
            raise self.fail("the file is not listed in RECORD", name)
        for name in sorted(name for name in missing if not name.endswith("/")):
            raise self.fail("RECORD lists a file that is not there", name)


@dataclass(frozen=True, slots=True)
class _Deflated:
    zip_: ZipDirectory
    member: Member

    def __iter__(self) -> Iterator[bytes]:
        packed = self.zip_.packed(self.member)
        is_stored = self.member.method == STORED
        return _store(packed, self.member.packed_size) if is_stored else packed


def _store(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Wrap what the zip stores uncompressed into stored deflate blocks."""
    seen = 0
    for piece in pieces:
        seen += len(piece)
        yield stored(piece, last=seen == size)
