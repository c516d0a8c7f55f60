"""Release: what an archive says about one suite, and the hashes of its indexes."""

from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz

from lamina.debian.control import Paragraph, parse_paragraph
from lamina.debian.keyring import signed_text
from lamina.debian.sources import ArchiveSource
from lamina.errors import ArchiveError, IntegrityError

_SHA256_HEX = 64
_FIELDS_OF_A_HASH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFile:
    """One index that the Release vouches for; ``size`` in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A verified Release; ``date`` and ``valid_until`` in seconds since the epoch (0: not said)."""

    origin: str
    suite: str
    codename: str
    version: str
    architectures: tuple[str, ...]
    date: int
    valid_until: int
    acquire_by_hash: bool
    not_automatic: bool
    separate_all: bool
    files: dict[str, ReleaseFile]


def read_release(data: bytes, source: ArchiveSource, *, now: float) -> Release:
    """Verify an InRelease file and parse what was signed.

    Raises ``IntegrityError`` for a bad signature, a Release of another suite, or one that has
    expired at ``now`` (unless the source says not to check), ``ArchiveError`` for a malformed one.
    """
    release = parse_release(signed_text(data, source), where=f"InRelease of {source.suite}")
    _check_suite(release, source)
    if source.check_valid_until and release.valid_until and release.valid_until < now:
        raise IntegrityError(
            f"the Release of {source.suite} has expired: someone may be hiding newer packages",
            where=source.where,
            hint="check the clock of this machine, or say Check-Valid-Until: no for a mirror "
            "that is old on purpose",
        )
    return release


def parse_release(text: str, *, where: str) -> Release:
    """Parse a verified text; only SHA256 counts.  Raises ``ArchiveError`` if it makes no sense."""
    paragraph = parse_paragraph(text, where=where)
    return Release(
        origin=paragraph.get("Origin"),
        suite=paragraph.get("Suite"),
        codename=paragraph.get("Codename"),
        version=paragraph.get("Version"),
        architectures=tuple(paragraph.get("Architectures").split()),
        date=_seconds(paragraph, "Date", where),
        valid_until=_seconds(paragraph, "Valid-Until", where),
        acquire_by_hash=paragraph.get("Acquire-By-Hash") == "yes",
        not_automatic=paragraph.get("NotAutomatic") == "yes",
        separate_all="Packages" not in paragraph.get("No-Support-for-Architecture-all"),
        files=_files(paragraph, where),
    )


def _check_suite(release: Release, source: ArchiveSource) -> None:
    # A mirror must not answer with another suite that the same key has signed.
    asked = source.suite.partition("/")[0]
    if source.components and asked not in {release.suite, release.codename}:
        raise IntegrityError(
            f"the archive answered with {release.codename or release.suite} "
            f"when asked for {source.suite}",
            where=source.where,
        )


def _files(paragraph: Paragraph, where: str) -> dict[str, ReleaseFile]:
    files: dict[str, ReleaseFile] = {}
    for line in paragraph.get("SHA256").split("\n"):
        words = line.split()
        if not words:
            continue
        if len(words) != _FIELDS_OF_A_HASH or not _is_hash(words[0]) or not words[1].isdecimal():
            raise ArchiveError(f"{line[:80]!r} is not a hash, a size and a path", where=where)
        files[words[2]] = ReleaseFile(
            path=words[2], size=int(words[1][:18]), sha256=words[0].lower()
        )
    if not files:
        raise IntegrityError("the Release has no SHA-256 hashes", where=where)
    return files


def _is_hash(text: str) -> bool:
    return len(text) == _SHA256_HEX and all(c in "0123456789abcdefABCDEF" for c in text)


def _seconds(paragraph: Paragraph, field: str, where: str) -> int:
    text = paragraph.get(field)
    if not text:
        return 0
    try:
        parsed = parsedate_tz(text)
        if parsed is not None:
            return int(mktime_tz(parsed))
    except (ValueError, OverflowError, TypeError, IndexError):
        pass
    raise ArchiveError(f"{field}: {text[:60]!r} is not a date", where=where)
