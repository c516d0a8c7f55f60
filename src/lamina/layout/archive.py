"""Write an image as one tar, which is an OCI archive and a docker archive at the same time.

Old engines (``docker load`` of 20.10) read docker-save's ``manifest.json`` and do not know OCI
layouts; new ones and skopeo read the layout.  One tar serves both, because the former may name
blobs by any path.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from lamina.durable import incoming
from lamina.image.blobs import documents, layer_descriptors
from lamina.layer import tar
from lamina.layout.write import LAYOUT, Writer, copy_blob, index_json
from lamina.oci.canonical_json import canonical_json
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.protocols import Content


def write_archive(
    path: Path, image: Image | Index, content: Content, *, names: tuple[str, ...]
) -> None:
    """Write the tar at ``path``, replacing an older one only when the new one is whole."""
    with incoming(path.absolute().parent) as new:
        pour_archive(new.file, image, content, names=names)
        new.commit(path, mode=0o644)


def pour_archive(
    file: Writer,
    image: Image | Index,
    content: Content,
    *,
    names: tuple[str, ...],
    without: Collection[Digest] = (),
) -> None:
    """Write the tar to ``file``, less the layers in ``without``, which are not opened.

    Such a tar is for a reader that has these layers.
    """
    for directory in ("blobs", "blobs/sha256"):
        file.write(tar.header(directory, kind=tar.DIRECTORY, mode=0o755))
    for descriptor in layer_descriptors(image):
        if descriptor.digest in without:
            continue
        file.write(tar.header(f"blobs/sha256/{descriptor.digest.hex}", size=descriptor.size))
        with content.open(descriptor) as source:
            copy_blob(source, file, descriptor)
        file.write(tar.padding(descriptor.size))
    for name, data in _small_files(image, names):
        _add(file, name, data)
    file.write(tar.END)


def _small_files(image: Image | Index, names: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for descriptor, data in documents(image).items():
        yield f"blobs/sha256/{descriptor.digest.hex}", data
    yield "index.json", index_json(image, names, [])
    if isinstance(image, Image):
        yield "manifest.json", _docker_manifest(image, names)
    yield "oci-layout", LAYOUT


def _docker_manifest(image: Image, names: tuple[str, ...]) -> bytes:
    return canonical_json(
        [
            {
                "Config": f"blobs/sha256/{image.config.digest.hex}",
                "RepoTags": list(names),
                "Layers": [f"blobs/sha256/{x.descriptor.digest.hex}" for x in image.layers],
            }
        ]
    )


def _add(file: Writer, name: str, data: bytes) -> None:
    file.write(tar.header(name, size=len(data)) + data + tar.padding(len(data)))
