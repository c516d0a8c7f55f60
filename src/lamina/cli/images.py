"""Find an image by what a user calls it: a name in the store, or skopeo's words for a place."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from lamina.cli import wiring
from lamina.cli.elsewhere import borrowed
from lamina.cli.engines import docker_address
from lamina.cli.environment import child_environment
from lamina.destinations.docker_engine import DockerEngine
from lamina.errors import ImageError, UsageError
from lamina.image.blobs import ImageTree
from lamina.image.load import load_tree
from lamina.image.pick import pick
from lamina.layout.archive_file import ArchiveBlobs, ArchiveFile, open_archive, received
from lamina.layout.docker_archive import find_in_archive
from lamina.layout.read import Layout, find_descriptor, names_of, read_index_json, rows_called
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image
from lamina.oci.parse import parse_index
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.protocols import Content
from lamina.registry.pull import RemoteContent
from lamina.store.blobs import Blobs
from lamina.store.store import Store

WHERE_IMAGES_ARE: Final = (
    "a name given with build -t, oci:DIR[:NAME], oci-archive:FILE[:NAME], "
    "docker-archive:FILE[:NAME], docker-daemon:REF or docker://REF"
)
_OCI, _REGISTRY, _DAEMON = "oci:", "docker://", "docker-daemon:"
_OCI_ARCHIVE, _DOCKER_ARCHIVE = "oci-archive:", "docker-archive:"


def is_remote(name: str) -> bool:
    """Say whether somebody has to be asked for an image of this name."""
    return name.startswith(_REGISTRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which image a user means; without a ``platform`` this machine's, or else the only one.

    ``insecure`` names registries that are talked to without TLS.
    """

    name: str
    platform: Platform | None = None
    insecure: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An image under the ``name`` that it was asked for by, and its blobs."""

    name: str
    image: Image
    content: Content
    manifest: Descriptor | None = None
    """Of the image, where it has one: what it is called by in a registry."""


@contextmanager
def opened(wanted: Wanted, store: Store) -> Iterator[Found]:
    """Find any image anywhere; its blobs can be opened while the block runs.

    Of a registry nothing but manifests and the config is fetched, and later the layers that are
    opened and that the store lacks; so it is with layers of a named image that only a registry has.
    Raises ``UsageError`` for words that name no place, ``ImageError`` for what is not there, and
    what reading from there raises.
    """
    text = wanted.name
    if text.startswith(_DOCKER_ARCHIVE):
        path, name = _file_and_name(text.removeprefix(_DOCKER_ARCHIVE))
        with open_archive(path, store.root) as archive:
            yield _in_docker_archive(wanted, archive, name)
    elif text.startswith(_OCI_ARCHIVE):
        path, name = _file_and_name(text.removeprefix(_OCI_ARCHIVE))
        with open_archive(path, store.root) as archive:
            rows = parse_index(archive.read("index.json"), where=f"{path}, index.json")
            yield _among(wanted, ArchiveBlobs(archive), _called(rows, name, text))
    elif text.startswith(_DAEMON):
        name = text.removeprefix(_DAEMON)
        engine = DockerEngine(docker_address(child_environment()))
        with received(partial(engine.save, name), store.root, text) as archive:
            yield _in_docker_archive(wanted, archive, "")
    else:
        yield _in_place(wanted, store)


def find_tree(text: str, store: Store, insecure: Collection[str] = ()) -> tuple[ImageTree, Content]:
    """Find all of what is called ``text``, every platform of it, to be moved as it is."""
    if not text.startswith(_OCI):
        return load_tree(store.blobs, _named(text, store)), borrowed(store, insecure)
    directory, _, name = text.removeprefix(_OCI).partition(":")
    layout = Layout(Path(directory))
    return load_tree(layout, find_descriptor(Path(directory), name)), layout


class _Nearby:
    """A repository's blobs, those that the store has taken from there."""

    def __init__(self, blobs: Blobs, remote: RemoteContent) -> None:
        self._blobs = blobs
        self._remote = remote

    def open(self, descriptor: Descriptor) -> BinaryIO:
        here = self._blobs.has(descriptor)
        return self._blobs.open(descriptor) if here else self._remote.open(descriptor)


def _in_place(wanted: Wanted, store: Store) -> Found:
    """Find an image that needs nothing to be closed."""
    text = wanted.name
    if text.startswith(_REGISTRY):
        reference = Reference.parse(text.removeprefix(_REGISTRY))
        client = wiring.registries(wanted.insecure)(reference)
        root, _ = client.get_manifest(str(reference.digest or reference.tag))
        return _among(wanted, _Nearby(store.blobs, RemoteContent(client)), [root])
    if text.startswith(_OCI):
        directory, _, name = text.removeprefix(_OCI).partition(":")
        rows = read_index_json(Path(directory))
        return _among(wanted, Layout(Path(directory)), _called(rows, name, text))
    return _among(wanted, borrowed(store, wanted.insecure), [_named(text, store)])


def _among(wanted: Wanted, content: Content, rows: Collection[Descriptor]) -> Found:
    manifest, image = pick(
        content,
        tuple(rows),
        wanted=wanted.platform,
        usual=wiring.host_platform(),
        where=wanted.name,
    )
    return Found(name=wanted.name, image=image, content=content, manifest=manifest)


def _called(rows: Collection[Descriptor], name: str, where: str) -> Collection[Descriptor]:
    found = rows_called(tuple(rows), name)
    if not found:
        there = ", ".join(sorted({each for row in rows for each in names_of(row)}))
        raise ImageError(
            f"there is no image {name or 'at all'}",
            where=where,
            hint=f"there are: {there or 'images without names'}",
        )
    return found


def _in_docker_archive(wanted: Wanted, archive: ArchiveFile, name: str) -> Found:
    image, content = find_in_archive(archive, name)
    if wanted.platform and wanted.platform != image.platform:
        raise ImageError(
            f"the image is for {image.platform}, not for {wanted.platform}", where=wanted.name
        )
    return Found(name=wanted.name, image=image, content=content)


def _file_and_name(text: str) -> tuple[Path, str]:
    """Divide ``FILE[:NAME]``; a file may have a colon in its name, when there is one like that."""
    if Path(text).exists():
        return Path(text), ""
    path, _, name = text.partition(":")
    return Path(path), name


def _named(text: str, store: Store) -> Descriptor:
    try:
        name = str(Reference.parse(text))
    except UsageError as error:
        raise UsageError(error.what, hint=f"name an image as {WHERE_IMAGES_ARE}") from error
    row = store.recall("name", name)
    if row is None:
        raise ImageError(
            f"there is no image {name} in the store",
            hint="build it with `lamina build -t NAME`, or name another place: oci:DIR, "
            "docker-daemon:REF, docker://REF",
        )
    return Descriptor.from_json(row)
