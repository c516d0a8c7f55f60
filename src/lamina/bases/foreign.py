"""An image that somebody else made, as a base: its layers kept, and what it carries found out."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from lamina.bases.discover import find_glibc, find_musl, find_python, python_full
from lamina.durable import incoming
from lamina.errors import IntegrityError, UsageError
from lamina.events import LayerBuilt
from lamina.layer.contents import Contents
from lamina.layer.inspect import inspect_layer
from lamina.layer.memo import Finished, Memo
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.plan.component import Component
from lamina.plan.plan import BaseImage
from lamina.protocols import Content
from lamina.steps import Step
from lamina.store.store import Store

_COPY = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """How an image that ``reference`` names becomes a base: its bytes are in ``content``."""

    reference: str
    content: Content
    store: Store
    memo: Memo

    def adopt(self, image: Image, step: Step) -> BaseImage:
        """Find the Python and the C library of ``image`` in its layers.

        A layer is fetched, checked and read once; one whose contents the memo knows, not even
        that.  Raises ``ImageError`` for an image that cannot carry Python wheels, and
        ``IntegrityError`` for one whose bytes are not what it says.
        """
        contents = self._contents(image, step)
        python, interpreter = find_python(contents, where=self.reference)
        musl = find_musl(contents)
        environment = dict(image.runtime.environment)
        return BaseImage(
            reference=self.reference,
            platform=image.platform,
            digest=identity(image),
            python=python,
            python_full=python_full(environment, python),
            interpreter=interpreter,
            glibc=(0, 0) if musl else find_glibc(contents, where=self.reference),
            musl=musl,
            environment=tuple(environment.items()),
            found_layers=tuple(layer.size for layer in image.layers),
        )

    def _contents(self, image: Image, step: Step) -> list[Contents]:
        keys = {layer: _key(layer) for layer in image.layers}
        missing = [key for key in keys.values() if not self.store.has_layer(key)]
        remembered = self.memo.find(missing, step) if missing else {}
        return [self._learn(layer, key, remembered) for layer, key in keys.items()]

    def _learn(self, layer: Layer, key: str, remembered: Mapping[str, Finished]) -> Contents:
        found = self.store.find_layer(key) or remembered.get(key)
        contents = found[1] if found else self._read(layer)
        self.store.remember_layer(key, layer, contents)
        self.memo.keep(key, layer, lambda: contents)
        return contents

    def _read(self, layer: Layer) -> Contents:
        copy(self.content, layer.descriptor, self.store, self.reference)
        owner = f"base {layer.descriptor.digest.short}"
        return inspect_layer(lambda: self.store.blobs.open(layer.descriptor), layer, owner=owner)


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
            part="base",
            component=Component.BASE,
        )
    return image.layers


def digests_of(image: Image) -> tuple[str, ...]:
    """List the digests of an image's layers, which is what a manifest knows them by."""
    return tuple(str(layer.descriptor.digest) for layer in image.layers)


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


def _key(layer: Layer) -> str:
    return f"foreign {layer.descriptor.digest} {layer.diff_id}"


def copy(content: Content, descriptor: Descriptor, store: Store, reference: str) -> None:
    """Bring a blob into the store, or raise ``IntegrityError`` for other bytes than its own."""
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
