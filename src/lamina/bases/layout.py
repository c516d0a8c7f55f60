"""Base ``oci:DIRECTORY[:NAME]``: an image in an OCI layout on this machine."""

import hashlib
from pathlib import Path

from lamina.bases.discover import find_glibc, find_python, python_full
from lamina.durable import incoming
from lamina.errors import IntegrityError, UsageError
from lamina.events import LayerBuilt
from lamina.layer.contents import Contents
from lamina.layer.inspect import inspect_layer
from lamina.layout.read import Layout, find_image
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage
from lamina.protocols import Content
from lamina.steps import Step
from lamina.store.store import Store

_COPY = 1 << 20


class LayoutBase:
    """Takes the layers of a layout's image as they are; they are checked and read once."""

    def __init__(self, store: Store, directory: Path) -> None:
        self._store = store
        self._directory = directory

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        """Find the image, and in its layers the Python and the C library."""
        if system_packages:
            raise UsageError(
                f"{reference} cannot take the system packages {', '.join(system_packages)}",
                hint='put them into the base, or use base = "debian:bookworm"',
            )
        with step:
            image = self._find(reference, platform)
            contents = [self._keep(layer) for layer in image.layers]
            python, interpreter = find_python(contents, where=reference)
            environment = dict(image.runtime.environment)
            return BaseImage(
                reference=reference,
                platform=platform,
                digest=_identity(image),
                python=python,
                python_full=python_full(environment, python),
                interpreter=interpreter,
                glibc=find_glibc(contents, where=reference),
                environment=tuple(environment.items()),
                found_layers=tuple(layer.size for layer in image.layers),
            )

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:
        """Return the image's layers, which are in the store by now."""
        image = self._find(base.reference, base.platform)
        if _identity(image) != base.digest:
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

    def _find(self, reference: str, platform: Platform) -> Image:
        name = reference.removeprefix("oci:").partition(":")[2]
        return find_image(self._directory, name, platform)

    def _keep(self, layer: Layer) -> Contents:
        """Copy a layer into the store, and remember what it holds."""
        key = f"foreign {layer.descriptor.digest} {layer.diff_id}"
        found = self._store.find_layer(key)
        if found is not None:
            return found[1]
        layout = Layout(self._directory)
        owner = f"base {layer.descriptor.digest.short}"
        contents = inspect_layer(lambda: layout.open(layer.descriptor), layer, owner=owner)
        self._copy(layout, layer.descriptor)
        self._store.remember_layer(key, layer, contents)
        return contents

    def _copy(self, content: Content, descriptor: Descriptor) -> None:
        if self._store.blobs.has(descriptor):
            return
        hasher = hashlib.sha256()
        with content.open(descriptor) as source, incoming(self._store.ingest) as new:
            while chunk := source.read(_COPY):
                hasher.update(chunk)
                new.file.write(chunk)
            if hasher.hexdigest() != descriptor.digest.hex:
                raise IntegrityError(
                    "a blob does not have its digest",
                    where=f"{self._directory}, {descriptor.digest}",
                )
            new.commit(self._store.blobs.path(descriptor.digest))


def _identity(image: Image) -> Digest:
    return Digest.of(image.config_bytes)
