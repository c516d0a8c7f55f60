"""select(): from a suite and some package names to the exact packages of an image."""

import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina.debian.archives import (
    archive_key,
    archives_of,
    index_download,
    inrelease,
    package_download,
    packages_files,
    suites_of,
)
from lamina.debian.closure import closure
from lamina.debian.fetch import Download, Fetch, fetch_verified
from lamina.debian.index import Available, Index, PackagesFile
from lamina.debian.ld_cache import Architecture
from lamina.debian.relation import Group
from lamina.debian.release import Release, ReleaseFile, read_release
from lamina.debian.rules import DATA_ONLY, ROOTS, is_install_time, unfinished
from lamina.debian.selection import DebianPackage, DebianSelection
from lamina.debian.sources import ArchiveSource
from lamina.errors import ArchiveError, ImageError, IntegrityError, NetworkError, ProjectError

Clock = Callable[[], float]  # seconds since the epoch

_DISTRIBUTIONS = ("Debian", "Ubuntu")
_PYTHON = re.compile(r"python(3\.\d+)-minimal")
_SHA256_LENGTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectRequest:
    """What to select."""

    suite: str
    architecture: Architecture
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Archive:
    """A source together with the Release that it answered with."""

    source: ArchiveSource
    release: Release


def select(
    request: SelectRequest,
    sources: Sequence[ArchiveSource],
    fetch: Fetch,
    clock: Clock,
    *,
    seen: MutableMapping[str, int] | None = None,
) -> DebianSelection:
    """Select the base of a suite, and what the extra packages need beyond it.

    Everything follows from signed InRelease files.  ``seen`` maps archives (see ``archive_key``) to
    the Date of the last Release that each gave; it is brought up to date.  Raises ``ProjectError``
    for a suite or package that is not there, ``IntegrityError`` for bytes that no trusted key
    vouches for or that are older than what was seen, ``NetworkError`` as ``fetch`` does,
    ``ImageError`` for packages that do not fit together.
    """
    wanted = archives_of(sources, request.suite, request.architecture)
    try:
        archives = _releases(request, wanted, fetch, clock, {} if seen is None else seen)
    except NetworkError as error:
        _check_suite(request, sources, wanted, fetch, error)
        raise
    index = Index(_packages(request, archives, fetch))
    python = _python(index, request.suite)
    base, system = _closures(index, python, request)
    return DebianSelection(
        suite=request.suite,
        version_id=_version_id(archives[0].release),
        architecture=request.architecture,
        python=python,
        glibc=_upstream(base["libc6"].version),
        base=tuple(_package(one, whole=False) for _, one in sorted(base.items())),
        system=tuple(_package(one, whole=True) for _, one in sorted(system.items())),
        released=tuple(sorted({a.source.suite: a.release.date for a in archives}.items())),
        notes=_notes(request, archives, system),
    )


def debs(
    selection: DebianSelection, sources: Sequence[ArchiveSource], fetch: Fetch
) -> dict[str, Path]:
    """Fetch all packages of a selection, hashes checked; returns their files by package name."""
    archives = archives_of(sources, selection.suite, selection.architecture)
    packages = {package.name: package for package in (*selection.base, *selection.system)}
    downloads = [package_download(package, archives) for package in packages.values()]
    return dict(zip(packages, fetch_verified(fetch, downloads), strict=True))


def _releases(
    request: SelectRequest,
    sources: Sequence[ArchiveSource],
    fetch: Fetch,
    clock: Clock,
    seen: MutableMapping[str, int],
) -> list[_Archive]:
    files = _fetch_each(fetch, [(source, inrelease(source)) for source in sources])
    found = []
    for source, path in files:
        release = read_release(path.read_bytes(), source, now=clock())
        key = archive_key(source)
        if release.date < seen.get(key, 0):
            raise IntegrityError(
                f"the archive went back in time: its Release of {source.suite} is older than "
                "the one seen before",
                where=source.where,
                hint="try again later or use another mirror; where the mirror was put back on "
                "purpose, use a new store (LAMINA_STORE)",
            )
        seen[key] = release.date
        found.append(_Archive(source=source, release=release))
    return _of_distribution(found, request)


def _check_suite(
    request: SelectRequest,
    sources: Sequence[ArchiveSource],
    wanted: Sequence[ArchiveSource],
    fetch: Fetch,
    error: NetworkError,
) -> None:
    """Raise ``ProjectError`` if the archive answers and only the suite is missing: a typo.

    A suite of the host's own configuration is there, so then it is the network's fault.
    """
    if request.suite in {source.suite for source in sources}:
        return
    neighbours = [s for s in sources if s.components and set(s.uris) & set(wanted[0].uris)]
    try:
        fetch([inrelease(neighbour) for neighbour in neighbours[:1]])
    except NetworkError:
        return
    raise ProjectError(
        f"the archive has no suite {request.suite}",
        where="pyproject.toml, tool.lamina.base",
        hint=f"this machine's apt knows: {', '.join(suites_of(sources))}",
    ) from error


def _of_distribution(archives: list[_Archive], request: SelectRequest) -> list[_Archive]:
    """Leave out third parties that use the suite's name, backports, and other architectures."""
    origins = [archive.release.origin for archive in archives]
    origin = next((name for name in _DISTRIBUTIONS if name in origins), origins[0])
    kept = [
        archive
        for archive in archives
        if archive.release.origin == origin
        and not archive.release.not_automatic
        and request.architecture in archive.release.architectures
    ]
    if not any(archive.source.suite == request.suite for archive in kept):
        raise ProjectError(
            f"no source of this machine has {request.suite} for {request.architecture}",
            where=archives[0].source.where,
            hint=f"add a source for {request.architecture} to the apt configuration",
        )
    return sorted(kept, key=lambda archive: archive.source.suite != request.suite)


def _packages(
    request: SelectRequest, archives: Iterable[_Archive], fetch: Fetch
) -> list[PackagesFile]:
    wanted: list[tuple[str, ReleaseFile]] = []
    downloads: list[tuple[ArchiveSource, Download]] = []
    for archive in archives:
        for key, file in packages_files(archive.source, archive.release, request.architecture):
            wanted.append((key, file))
            downloads.append(
                (archive.source, index_download(archive.source, archive.release, file))
            )
    keys = {
        download: (key, file.path)
        for (key, file), (_, download) in zip(wanted, downloads, strict=True)
    }
    return [
        PackagesFile(archive=keys[download][0], data=_unpack(path, keys[download][1]))
        for download, path in _fetch_downloads(fetch, downloads)
    ]


def _fetch_each(
    fetch: Fetch, wanted: Sequence[tuple[ArchiveSource, Download]]
) -> list[tuple[ArchiveSource, Path]]:
    sources = {download: source for source, download in wanted}
    return [(sources[download], path) for download, path in _fetch_downloads(fetch, wanted)]


def _fetch_downloads(
    fetch: Fetch, wanted: Sequence[tuple[ArchiveSource, Download]]
) -> list[tuple[Download, Path]]:
    """Fetch all at once; where that fails, do without an archive if another has its suite.

    Ubuntu's main archive does not carry every architecture that its Release names.
    """
    downloads = [download for _, download in wanted]
    try:
        return list(zip(downloads, fetch_verified(fetch, downloads), strict=True))
    except NetworkError:
        if len({source.suite for source, _ in wanted}) == len(wanted):
            raise
    found: list[tuple[Download, Path]] = []
    failed: dict[str, NetworkError] = {}
    served: set[str] = set()
    for source, download in wanted:
        try:
            found += [(download, fetch_verified(fetch, [download])[0])]
            served.add(source.suite)
        except NetworkError as error:
            failed[source.suite] = error
    for suite in failed.keys() - served:
        raise failed[suite]
    return found


def _unpack(path: Path, name: str) -> bytes:
    data = path.read_bytes()
    try:
        if name.endswith(".xz"):
            return lzma.decompress(data)
        return gzip.decompress(data) if name.endswith(".gz") else data
    except (lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise ArchiveError("an index cannot be decompressed", where=name, why=str(error)) from error


def _python(index: Index, suite: str) -> str:
    """Return the suite's Python: it has one, so it is not a choice."""
    found = [match[1] for name in index.names() if (match := _PYTHON.fullmatch(name))]
    if not found:
        raise ImageError(f"{suite} has no package python3.N-minimal")
    return max(found, key=lambda version: int(version.partition(".")[2]))


def _closures(
    index: Index, python: str, request: SelectRequest
) -> tuple[dict[str, Available], dict[str, Available]]:
    """Return the base, and what the extra packages add; the base never depends on them."""

    def no_scripts_no_data(package: Available, group: Group) -> bool:
        return package.name in DATA_ONLY or is_install_time(package, group)

    roots = (*ROOTS, f"python{python}-minimal", f"libpython{python}-stdlib")
    architecture = request.architecture
    base = closure(index, roots, architecture=architecture, ignore=no_scripts_no_data)
    if not request.packages:
        return base, {}
    # What is there for its data only does not count as there for a package that runs it.
    there = {name: one for name, one in base.items() if name not in DATA_ONLY}

    def of_a_whole_package(package: Available, group: Group) -> bool:
        if is_install_time(package, group):
            return True
        # The base's own edges to packages that it holds as data have been looked at already.
        return package.name in there and all(r.name in DATA_ONLY for r in group)

    both = closure(
        index,
        sorted(request.packages),
        architecture=architecture,
        ignore=of_a_whole_package,
        chosen=there,
    )
    return base, {name: one for name, one in both.items() if name not in there}


def _package(one: Available, *, whole: bool) -> DebianPackage:
    size, sha256 = one.field("Size"), one.field("SHA256").lower()
    path = one.field("Filename").removeprefix("./")
    if not size.isdecimal() or len(sha256) != _SHA256_LENGTH or ".." in path.split("/"):
        raise ArchiveError(
            f"the index does not say where {one.name} is and what it hashes to", where=one.archive
        )
    return DebianPackage(
        name=one.name,
        version=one.version,
        architecture=one.field("Architecture"),
        archive=one.archive,
        path=path.lstrip("/"),
        size=int(size),
        sha256=sha256,
        control=one.text,
        whole=whole,
    )


def _version_id(release: Release) -> str:
    """Return what os-release calls VERSION_ID: Debian leaves the point release out."""
    return release.version.partition(".")[0] if release.origin == "Debian" else release.version


def _upstream(version: str) -> str:
    match = re.match(r"(?:\d+:)?(\d+\.\d+)", version)
    if match is None:
        raise ImageError(f"{version!r} is not a version of the C library")
    return match[1]


def _notes(
    request: SelectRequest, archives: list[_Archive], system: dict[str, Available]
) -> tuple[str, ...]:
    suites = {archive.source.suite for archive in archives}
    notes = list(unfinished(frozenset(system)))
    if not any("security" in suite or suite.endswith("/updates") for suite in suites):
        notes.append(f"no security source for {request.suite}: its packages may have known holes")
    return tuple(notes)
