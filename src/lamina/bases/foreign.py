"""An image that somebody else made, as a base: its layers kept, and what it carries found out."""

import hashlib

from lamina.bases.discover import find_glibc, find_python, python_full
from lamina.durable import incoming
from lamina.errors import IntegrityError, UsageError
from lamina.events import LayerBuilt
from lamina.layer.contents import Contents
from lamina.layer.inspect import inspect_layer
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.plan.plan import BaseImage
from lamina.protocols import Content
from lamina.steps import Step
from lamina.store.store import Store

_COPY = 1 << 20


def adopt(image: Image, content: Content, store: Store, *, reference: str) -> BaseImage:
    """Bring the layers of ``image`` into the store, and find its Python and C library in them.

    A layer is fetched, checked and read once.  Raises ``ImageError`` for an image that cannot
    carry Python wheels, and ``IntegrityError`` for one whose bytes are not what it says.
    """
    contents = [_keep(layer, content, store, reference) for layer in image.layers]
    python, interpreter = find_python(contents, where=reference)
    environment = dict(image.runtime.environment)
    return BaseImage(
        reference=reference,
        platform=image.platform,
        digest=identity(image),
        python=python,
        python_full=python_full(environment, python),
        interpreter=interpreter,
        glibc=find_glibc(contents, where=reference),
        environment=tuple(environment.items()),
        found_layers=tuple(layer.size for layer in image.layers),
    )


def layers_of(image: Image, base: BaseImage, step: Step) -> tuple[Layer, ...]:
    """Return the layers of an adopted image, and tell of them.

    Raises ``IntegrityError`` when it is another image than the one that was planned with.
    """
    if identity(image) != base.digest:
        raise IntegrityError("the base changed during the build", where=base.reference)
    step.cached()
    for layer in image.layers:
        step.tell(
            LayerBuilt,
            name=layer.created_by,
            digest=layer.descriptor.digest,
            size=layer.size,
            cached=True,
        )
    return image.layers


def refuse_packages(reference: str, system_packages: tuple[str, ...]) -> None:
    """Raise ``UsageError`` for packages that nobody could add to a finished image."""
    if system_packages:
        raise UsageError(
            f"{reference} cannot take the system packages {', '.join(system_packages)}",
            hint='put them into the base, or use base = "debian:bookworm"',
        )


def identity(image: Image) -> Digest:
    """Identify an image by its config, which names all of its layers."""
    return Digest.of(image.config_bytes)


def _keep(layer: Layer, content: Content, store: Store, reference: str) -> Contents:
    key = f"foreign {layer.descriptor.digest} {layer.diff_id}"
    found = store.find_layer(key)
    if found is not None:
        return found[1]
    _copy(content, layer.descriptor, store, reference)
    owner = f"base {layer.descriptor.digest.short}"
    contents = inspect_layer(lambda: store.blobs.open(layer.descriptor), layer, owner=owner)
    store.remember_layer(key, layer, contents)
    return contents


def _copy(content: Content, descriptor: Descriptor, store: Store, reference: str) -> None:
    if store.blobs.has(descriptor):
        return
    hasher = hashlib.sha256()
    with content.open(descriptor) as source, incoming(store.ingest) as new:
        while chunk := source.read(_COPY):
            hasher.update(chunk)
            new.file.write(chunk)
        if hasher.hexdigest() != descriptor.digest.hex:
            raise IntegrityError(
                "a blob does not have its digest", where=f"{reference}, {descriptor.digest}"
            )
        new.commit(store.blobs.path(descriptor.digest))
