"""Debian packages: which of them the archive's security suite has newer versions of.

No database is needed, and no CVE is named: the security suite exists to replace vulnerable
packages, so what it has newer is a pending security update.  What has no fix yet is not seen.
"""

import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lamina.debian.archives import archives_of, index_download, inrelease, packages_files
from lamina.debian.fetch import Fetch, fetch_verified
from lamina.debian.index import Index, PackagesFile
from lamina.debian.release import Release, read_release
from lamina.debian.sources import ArchiveSource
from lamina.debian.version import version_key
from lamina.errors import ArchiveError, LaminaError
from lamina.scan.finding import Finding, Outcome, Place, not_scanned
from lamina.scan.inventory import Inventory
from lamina.scan.metadata import InstalledPackage, debian_packages, system

NAME: Final = "debian"
_SECURITY: Final = ("-security", "/updates")
_FAMILY: Final = frozenset({"debian", "ubuntu"})
_OTHER_DATABASES: Final = ("lib/apk/db/installed", "var/lib/rpm", "usr/lib/sysimage/rpm")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuritySuite:
    """The archive as this machine's apt is configured to reach and trust it."""

    sources: Callable[[], Sequence[ArchiveSource]]
    fetch: Fetch
    now: float

    def packages(self, codename: str, architecture: str) -> Index | None:
        """Read the security suite's index; None where no source has one.

        Raises what reading, fetching and verifying it raises.
        """
        found = [
            source
            for source in archives_of(self.sources(), codename, architecture)
            if source.suite.endswith(_SECURITY)
        ]
        return Index(self._files(found, architecture)) if found else None

    def _files(self, found: Sequence[ArchiveSource], architecture: str) -> Iterator[PackagesFile]:
        for source in found:
            (path,) = fetch_verified(self.fetch, [inrelease(source)])
            release = read_release(path.read_bytes(), source, now=self.now)
            yield from self._of_release(source, release, architecture)

    def _of_release(
        self, source: ArchiveSource, release: Release, architecture: str
    ) -> Iterator[PackagesFile]:
        # As apt does: where "all" is no architecture of its own, each index holds those packages.
        has_all = "all" in release.architectures
        rows = [
            (key, file)
            for key, file in packages_files(source, release, architecture)
            if has_all or "/binary-all/" not in file.path
        ]
        downloads = [index_download(source, release, file) for _, file in rows]
        for (key, file), path in zip(rows, fetch_verified(self.fetch, downloads), strict=True):
            yield PackagesFile(archive=key, data=_unpacked(path, file.path))


def scan_debian(inventory: Inventory, suite: SecuritySuite | None) -> Outcome:
    """Compare the image's packages with the security suite; None for it is an offline scan."""
    installed, linux = debian_packages(inventory), system(inventory)
    if not installed:
        return _without_packages(inventory, linux.id)
    if not linux.codename:
        return not_scanned(NAME, "the image does not say which release of Debian it is")
    if suite is None:
        return not_scanned(NAME, "offline: the archive's security suite was not asked")
    architecture = next((p.architecture for p in installed if p.architecture != "all"), "amd64")
    try:
        index = suite.packages(linux.codename, architecture)
        if index is None:
            return not_scanned(NAME, f"apt knows no security suite of {linux.codename} here")
        findings = tuple(_pending(installed, index))
    except LaminaError as error:
        return not_scanned(NAME, f"{error.what}: {error.why}" if error.why else error.what)
    return Outcome(
        scanner=NAME,
        findings=findings,
        coverage=f"{len(installed)} packages of {linux.codename}; partial: "
        "pending security updates only, not what has no fix yet",
    )


def _without_packages(inventory: Inventory, linux: str) -> Outcome:
    if any(path in inventory.tree for path in _OTHER_DATABASES):
        return not_scanned(NAME, "its packages are not Debian's: use trivy or grype for them")
    if linux:
        name = "Debian" if linux in _FAMILY else linux[:40]
        return not_scanned(NAME, f"the image is {name} and has no list of its packages")
    return Outcome(scanner=NAME, coverage="no packages of a distribution")


def _pending(installed: Sequence[InstalledPackage], index: Index) -> Iterator[Finding]:
    for package in installed:
        newest = index.candidate(package.name)
        if newest is None or version_key(newest.version) <= version_key(package.version):
            continue
        yield Finding(
            rule="debian/pending-update",
            subject=package.name,
            severity="high",
            text=f"pending security update of {package.name}: {package.version} is installed, "
            f"{newest.version} is in {newest.archive}",
            place=Place(path="var/lib/dpkg/status"),
            hint="build again with --pull, or update the base",
        )


def _unpacked(path: Path, name: str) -> bytes:
    data = path.read_bytes()
    try:
        if name.endswith(".xz"):
            return lzma.decompress(data)
        return gzip.decompress(data) if name.endswith(".gz") else data
    except (lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise ArchiveError("an index cannot be decompressed", where=name) from error
