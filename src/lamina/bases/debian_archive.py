"""The Debian archive behind a base: selecting packages, fetching them, writing their layers."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from lamina.bases.apt_transport import HELPER, AptTransport
from lamina.debian.archives import archive_key, archives_of
from lamina.debian.assemble import Compile, Which, entries
from lamina.debian.fetch import Download, Fetch, noting
from lamina.debian.ld_cache import Architecture
from lamina.debian.select import SelectRequest, debs, select
from lamina.debian.selection import DebianPackage, DebianSelection
from lamina.debian.sources import ArchiveSource, read_sources
from lamina.durable import incoming
from lamina.errors import NetworkError
from lamina.layer.compress import compress
from lamina.layer.contents import Contents
from lamina.layer.write import LayerWriter
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.parallel import map_ordered
from lamina.plan.diet import is_left_out
from lamina.protocols import Downloader
from lamina.steps import Clock
from lamina.store.blobs import has_digest
from lamina.store.store import RELEASE_DATES, Store

_CONNECTIONS = 8


class DebianArchive:
    """The archive as the host's apt is configured to reach and trust it."""

    def __init__(
        self, store: Store, client: Downloader, *, clock: Clock, apt_root: Path = Path("/")
    ) -> None:
        self._store = store
        self._client = client
        self._clock = clock
        self._apt_root = apt_root
        self._files: dict[str, Path] = {}

    def select(
        self, suite: str, architecture: Architecture, packages: tuple[str, ...]
    ) -> DebianSelection:
        """Select a base's packages and ``packages`` from the signed indexes."""
        request = SelectRequest(suite=suite, architecture=architecture, packages=packages)
        sources = read_sources(self._apt_root)
        seen = self._last_seen(archives_of(sources, suite, architecture))
        selection = select(request, sources, self._fetch(), self._clock, seen=seen)
        for key, date in seen.items():
            self._store.remember(RELEASE_DATES, key, date)
        return selection

    def identity(self, suite: str, architecture: Architecture) -> str:
        """Say which archives a suite comes from, as this host's apt is configured."""
        sources = archives_of(read_sources(self._apt_root), suite, architecture)
        return str(Digest.of("\n".join(map(archive_key, sources)).encode()))

    def _last_seen(self, archives: Sequence[ArchiveSource]) -> dict[str, int]:
        """Recall the Date of the last Release of each archive, for it must not go back."""
        rows = {key: self._store.recall(RELEASE_DATES, key) for key in map(archive_key, archives)}
        return {key: date for key, date in rows.items() if isinstance(date, int)}

    def write_layer(
        self,
        selection: DebianSelection,
        part: Which,
        compiler: Compile | None,
        left_out: tuple[str, ...] = (),
    ) -> tuple[Layer, Contents]:
        """Write the layer of the base, or of what the project asked for, into the store.

        ``left_out`` are modules of the standard library that the image does without.
        """
        if not self._files:
            self._files = debs(selection, read_sources(self._apt_root), self._fetch())
        with incoming(self._store.ingest) as new:
            writer = LayerWriter(new.file, encode=compress)
            for entry in entries(
                selection,
                self._files,
                which=part,
                compile=compiler,
                leaves_out=partial(is_left_out, left_out),
            ):
                writer.add(entry, owner=f"debian {selection.suite}")
            layer, contents = writer.finish(created_by=_created_by(selection, part))
            new.commit(self._store.blobs.path(layer.descriptor.digest))
        return layer, contents

    def _fetch(self) -> Fetch:
        """Let apt's helper fetch where there is one: it knows the host's proxies."""
        directory = self._store.root / "debian"
        directory.mkdir(exist_ok=True)
        if HELPER.exists():
            transport: Fetch = AptTransport(directory=directory, helper=HELPER)
        else:
            transport = partial(self._fetch_all, directory=directory)
        return noting(transport, directory, self._store.note)

    def _fetch_all(self, downloads: Sequence[Download], directory: Path) -> list[Path]:
        return map_ordered(
            lambda download: self._fetch_one(download, directory), downloads, workers=_CONNECTIONS
        )

    def _fetch_one(self, download: Download, directory: Path) -> Path:
        path = directory / (download.sha256 or Digest.of(download.url.encode()).hex)
        expected = Digest(download.sha256) if download.sha256 else None
        if expected and has_digest(path, expected):  # a crash may have torn it
            return path
        failure: NetworkError | None = None
        for url in (download.url, *download.mirrors):
            try:
                with incoming(self._store.ingest) as new:
                    self._client.download(url, new.partial, expected=expected, size=download.size)
                    new.commit(path, durable=False)
            except NetworkError as error:
                failure = error
            else:
                return path
        raise failure or NetworkError("nowhere to download from", where=download.url)


def _created_by(selection: DebianSelection, part: Which) -> str:
    if part == "base":
        count = len(selection.base)
        return f"lamina: {count} packages of {selection.suite} {selection.architecture}"
    return "lamina: " + " ".join(map(_name, selection.system))


def _name(package: DebianPackage) -> str:
    return f"{package.name}={package.version}"
