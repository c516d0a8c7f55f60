"""What scanners are given by the command line: whom they ask, and what they read."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from lamina.bases.apt_transport import AptTransport
from lamina.bases.check import BaseCheck, check_image
from lamina.cli import wiring
from lamina.cli.base_command import check_base
from lamina.cli.clock import now
from lamina.cli.environment import child_environment, environment
from lamina.cli.images import Found
from lamina.cli.registries import OpenClient
from lamina.debian.fetch import Download, Fetch, noting
from lamina.debian.sources import read_sources
from lamina.errors import LaminaError, NetworkError
from lamina.http.settings import HttpSettings
from lamina.image.load import read_blob
from lamina.layout.docker_archive import DockerArchiveBlobs
from lamina.layout.write import write_layout
from lamina.oci.annotations import BASE_DIGEST, BASE_NAME
from lamina.oci.digest import Digest
from lamina.oci.members import text_table
from lamina.oci.parse import parse_manifest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.project.base_pin import registry_reference
from lamina.project.files import included_files, project_files, source_files
from lamina.project.project import Project
from lamina.project.scan_settings import ScanSettings, read_scan
from lamina.protocols import Downloader
from lamina.registry.pull import resolve
from lamina.scan.advisory import Advisories, IndexAdvisories, OsvAdvisories
from lamina.scan.ask import Asker
from lamina.scan.base import BaseStatus
from lamina.scan.debian_updates import SecuritySuite
from lamina.scan.index_address import find_index
from lamina.scan.programs import NAMES, Program
from lamina.scan.secrets.scan import config_object
from lamina.scan.vulnerabilities import Remembered
from lamina.steps import Step
from lamina.store.store import Store

if TYPE_CHECKING:
    from lamina.http.client import HttpClient

_OSV: Final = "LAMINA_OSV_URL"
_ASSEMBLED: Final = ("debian:", "ubuntu:")
OFFLINE: Final = "offline: nobody was asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """An image's manifest and config as they were written, not as we would write them."""

    annotations: Mapping[str, str]
    config: bytes


def documents(found: Found) -> Documents:
    """Read both; an archive of Docker has no manifest, and its blobs know the config."""
    if isinstance(found.content, DockerArchiveBlobs):
        return Documents(annotations={}, config=found.content.config)
    if found.manifest is None:
        return Documents(annotations={}, config=found.image.config_bytes)
    manifest = read_blob(found.content, found.manifest)
    described, _ = parse_manifest(manifest, where=str(found.manifest.digest))
    return Documents(
        annotations=text_table(config_object(manifest), "annotations"),
        config=read_blob(found.content, described),
    )


def settings_of(project: Project | None) -> ScanSettings:
    """Return what the project says about scans."""
    return read_scan(project.settings.scan)[0] if project is not None else ScanSettings()


def own_names(project: Project | None) -> frozenset[str]:
    """Name the distributions that nobody else is asked about: the project's, and what it says."""
    names = settings_of(project).own_distributions
    own = (project.name,) if project is not None and project.is_distributable else ()
    return frozenset(canonicalize_name(name) for name in (*own, *names))


def advisories(directory: Path, store: Store, *, is_offline: bool) -> Advisories | None:
    """Choose whom to ask: OSV where the user names it, else the index that uv would ask."""
    osv, uv = environment().get(_OSV, ""), wiring.uv_program(is_pinned=False)
    index = "" if osv else find_index(uv.program, uv.environment, directory)
    if not osv and not index:
        return None
    settings = wiring.index_http(directory)
    asker = Asker(exchange=_exchange(settings), credentials=dict(settings.credentials))
    source: Advisories = OsvAdvisories(asker, osv) if osv else IndexAdvisories(asker, index)
    return Remembered(source=source, memory=store, now=now(), is_offline=is_offline)


def _exchange(settings: HttpSettings) -> "HttpClient":
    from lamina.http.client import HttpClient  # noqa: PLC0415 - 0.1 s, only where it is needed

    return HttpClient(settings)


def security_suite(store: Store, *, is_offline: bool) -> SecuritySuite | None:
    """Reach the archive as a base is assembled from it."""
    if is_offline:
        return None
    return SecuritySuite(sources=read_sources, fetch=_fetch(store), now=now())


def _fetch(store: Store) -> Fetch:
    """Let apt's helper fetch where there is one: it knows the host's proxies."""
    directory = store.root / "debian"
    transport = AptTransport(directory=directory)
    if transport.is_available:
        return noting(transport, directory, store.note)

    def fetch(downloads: Sequence[Download]) -> list[Path]:
        directory.mkdir(exist_ok=True)
        client = _exchange(wiring.index_http(Path()))
        return [_fetch_one(client, download, directory) for download in downloads]

    return fetch


def _fetch_one(client: Downloader, download: Download, directory: Path) -> Path:
    """Fetch a file from the first of its mirrors that has it; whoever asked checks its hash."""
    path = directory / f"scan-{Digest.of(download.url.encode()).hex}"
    failure: NetworkError | None = None
    for url in (download.url, *download.mirrors):
        try:
            client.download(url, path, size=download.size)
        except NetworkError as error:
            failure = error
        else:
            return path
    raise failure or NetworkError("nowhere to download from", where=download.url)


def programs() -> dict[str, Program]:
    """Find the programs of others on PATH."""
    variables = child_environment()
    path = variables.get("PATH", "")
    return {
        name: Program(name=name, path=which(name, path=path) or "", environment=variables)
        for name in NAMES
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLook:
    """How bases are looked at: for ``platform``, through ``open_client``, or without asking.

    ``is_dated`` asks for the age of a base as well.
    """

    platform: Platform
    open_client: OpenClient
    is_offline: bool
    is_dated: bool

    def of_project(self, project: Project, step: Step) -> BaseStatus:
        """Look at what the project's next build would stand on."""
        name = project.settings.base
        image = registry_reference(name)
        is_moving = (image is not None and image.tag) or name.startswith(_ASSEMBLED)
        if self.is_offline and is_moving:
            return BaseStatus(reference=name, state="unknown", hint=OFFLINE)
        return self._status(check_base(project, self.platform, self.open_client, step), image)

    def of_image(self, annotations: Mapping[str, str]) -> BaseStatus:
        """Look at what an image says that it stands on (annotations.md)."""
        name, digest = annotations.get(BASE_NAME, ""), annotations.get(BASE_DIGEST, "")
        if not name:
            why = "the image does not say which base it stands on"
            return BaseStatus(reference="the base", state="unknown", hint=why)
        if name.startswith(_ASSEMBLED):
            return BaseStatus(reference=name, state="assembled")
        image = registry_reference(name)
        if image is None or not image.tag:
            return BaseStatus(reference=name, state="fixed")
        if self.is_offline or not digest:
            why = OFFLINE if self.is_offline else "the image names no digest of its base"
            return BaseStatus(reference=name, state="unknown", hint=why)
        tag = replace(image, digest=None)
        known = Digest.parse(digest)
        check = check_image(self.open_client(tag), tag, self.platform, known=known, source="store")
        return self._status(check, tag)

    def _status(self, check: BaseCheck, image: Reference | None) -> BaseStatus:
        old, new = str(check.old or ""), str(check.new or "")
        if check.changes:
            old = f"{len(check.changes)} older packages"
            new = ", ".join(f"{one.name} {one.new or '(gone)'}" for one in check.changes[:3])
        return BaseStatus(
            reference=check.reference,
            state=check.state,
            old=old,
            new=new,
            created=check.old_created or self._created(image, check.old),
            hint=check.hint,
        )

    def _created(self, image: Reference | None, digest: Digest | None) -> int:
        """Ask when the base in use was made; who does not know it says so elsewhere."""
        if not self.is_dated or image is None or digest is None:
            return 0
        try:
            return resolve(self.open_client(image), str(digest), self.platform)[1].created
        except LaminaError:
            return 0


def files_of(project: Project) -> tuple[Path, ...]:
    """List the files that go into an image: as they are, or in the project's own wheel."""
    own = source_files(project) if project.is_distributable else project_files(project)
    return tuple(dict.fromkeys((*own, *included_files(project))))


def place_of_image(found: Found, store: Store) -> Callable[[], AbstractContextManager[str]]:
    """Write the image out as a layout for programs that read those."""

    @contextmanager
    def place() -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="scan-", dir=store.ingest) as folder:
            write_layout(Path(folder), found.image, found.content, names=())
            yield folder

    return place


def place_of_project(directory: Path) -> Callable[[], AbstractContextManager[str]]:
    """Show programs the project's folder itself."""

    @contextmanager
    def place() -> Iterator[str]:
        yield str(directory.absolute())

    return place
