"""Which of the host's sources carry a suite, and the addresses below them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from lamina.debian.fetch import Download
from lamina.debian.release import Release, ReleaseFile
from lamina.debian.selection import DebianPackage
from lamina.debian.sources import ArchiveSource
from lamina.errors import ProjectError

_POCKETS = ("", "-updates", "-security", "/updates")
_INDEX_SUFFIXES = (".xz", ".gz", "")
_SCHEMES = ("http://", "https://", "file:", "copy:", "tor+http")


def archives_of(
    sources: Sequence[ArchiveSource], suite: str, architecture: str
) -> tuple[ArchiveSource, ...]:
    """Return the sources of ``suite``, its updates and its security suite.

    Where the host has another suite of the distribution, its sources serve with the name
    exchanged: the signature is still checked against the same keys.
    Raises ``ProjectError`` when there is no such source, or one that must not be used.
    """
    own = [source for source in sources if source.components]
    family = [source for source in own if _is_of(source, suite)] or _borrowed(own, suite)
    if not family:
        raise ProjectError(
            f"the apt configuration of this machine has no source for {suite}",
            hint=f"add one, or choose a suite that it has: {', '.join(suites_of(own))}",
        )
    for source in family:
        _check_usable(source)
    # A limit to other architectures is about this machine, not about the archive; but where
    # some source is there for this architecture only (Ubuntu's ports), it must be the one.
    suited = [s for s in family if not s.architectures or architecture in s.architectures]
    covered = {source.suite for source in suited}
    chosen = suited + [source for source in family if source.suite not in covered]
    return tuple(_for_architecture(source, architecture) for source in chosen)


def suites_of(sources: Sequence[ArchiveSource]) -> tuple[str, ...]:
    """Name the suites that the host has, without their updates and security suites."""
    names = {source.suite for source in sources if source.components}
    parts = {name + pocket for name in names for pocket in _POCKETS if pocket}
    return tuple(sorted(names - parts))


def archive_key(source: ArchiveSource) -> str:
    """Name one suite at one archive, to remember it by."""
    return f"{source.suite} {' '.join(source.uris)}"


def inrelease(source: ArchiveSource) -> Download:
    """Return the download of a suite's InRelease file."""
    return _download(source, f"dists/{source.suite}/InRelease")


def packages_files(
    source: ArchiveSource, release: Release, architecture: str
) -> list[tuple[str, ReleaseFile]]:
    """Return the Packages files to read: archive key and what the Release says of each."""
    found = []
    folders = [f"binary-{architecture}"] + ["binary-all"] * release.separate_all
    for component in source.components:
        for folder in folders:
            stem = f"{component}/{folder}/Packages"
            file = next(
                (release.files[stem + s] for s in _INDEX_SUFFIXES if stem + s in release.files),
                None,
            )
            if file is not None:
                found.append((f"{source.suite}/{component}", file))
    return found


def index_download(source: ArchiveSource, release: Release, file: ReleaseFile) -> Download:
    """Return the download of an index, by its hash where the archive has that (no races then)."""
    path = file.path
    if release.acquire_by_hash:
        path = str(PurePosixPath(path).parent / "by-hash/SHA256" / file.sha256)
    return _download(source, f"dists/{source.suite}/{path}", sha256=file.sha256, size=file.size)


def package_download(package: DebianPackage, sources: Sequence[ArchiveSource]) -> Download:
    """Return the download of a package from the archives that ``archives_of`` returned.

    Raises ``ProjectError`` when no source has the package's archive any more.
    """
    suite, _, component = package.archive.rpartition("/")
    found = [s for s in sources if s.suite == suite and component in s.components]
    if not found:
        raise ProjectError(
            f"no apt source of this machine has {package.archive}, which {package.name} is from",
            hint="add the source, or lock the base again",
        )
    first, *rest = (
        _download(source, package.path, sha256=package.sha256, size=package.size)
        for source in found
    )
    further = tuple(url for one in rest for url in (one.url, *one.mirrors))
    return replace(first, mirrors=first.mirrors + further)


def _is_of(source: ArchiveSource, suite: str) -> bool:
    return source.suite in {suite + pocket for pocket in _POCKETS}


def _borrowed(sources: Sequence[ArchiveSource], suite: str) -> list[ArchiveSource]:
    names = {s.suite for s in sources}
    host = next((n for n in sorted(names) if f"{n}-security" in names), None)
    if host is None:
        return []
    return [
        replace(source, suite=suite + source.suite.removeprefix(host))
        for source in sources
        if _is_of(source, host)
    ]


def _for_architecture(source: ArchiveSource, architecture: str) -> ArchiveSource:
    return replace(source, uris=tuple(u.replace("$(ARCH)", architecture) for u in source.uris))


def _check_usable(source: ArchiveSource) -> None:
    if source.trusted:
        raise ProjectError(
            "a source with trusted=yes is not checked by anyone, so no image is built from it",
            where=source.where,
            hint="name the archive's key with Signed-By instead",
        )
    for uri in source.uris:
        if not uri.startswith(_SCHEMES):
            raise ProjectError(
                f"archives at {uri.partition(':')[0]}: addresses cannot be read",
                where=source.where,
                hint="use an http:, https: or file: mirror",
            )


def _download(
    source: ArchiveSource, path: str, *, sha256: str | None = None, size: int | None = None
) -> Download:
    first, *rest = (f"{uri}/{path}" for uri in source.uris)
    return Download(url=first, mirrors=tuple(rest), sha256=sha256, size=size)
