"""Base ``REFERENCE``: an image of a registry, by tag or digest."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

from lamina.bases.foreign import Adoption, copy, digests_of, layers_of, refuse_packages
from lamina.errors import ImageError, NetworkError
from lamina.image.load import load_image
from lamina.layer.memo import Memo
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.plan.plan import BaseImage
from lamina.protocols import Content
from lamina.registry.client import RegistryClient
from lamina.registry.pull import RemoteContent, resolve
from lamina.steps import Clock, Step
from lamina.store.store import Store

_FRESH_S = 24 * 3600
_TOPIC = "registry base"
_COLUMNS = 3
"""When it was asked, the manifest in the store, the reference with the registry's digest."""


class RegistryBase:
    """Keeps images of registries in the store; what a tag stands for is good for a day.

    ``refresh`` asks the registry again; ``is_offline`` never does.  What is resolved has the
    digest of the registry's index or manifest in its reference, whether that was asked for or not.
    """

    def __init__(  # noqa: PLR0913 - wired once
        self,
        store: Store,
        open_client: Callable[[Reference], RegistryClient],
        *,
        memo: Memo,
        clock: Clock,
        refresh: bool = False,
        is_offline: bool = False,
    ) -> None:
        self._store = store
        self._open_client = open_client
        self._memo = memo
        self._clock = clock
        self._refresh = refresh
        self._is_offline = is_offline

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        """Find out what the reference stands for, and bring what the store lacks of it."""
        refuse_packages(reference, system_packages)
        with step:
            known = self._remembered(reference, platform)
            if known is not None:
                step.cached()
                return self._adopt(*known, step)
            if self._is_offline:
                raise NetworkError(
                    f"the base {reference} is not in the store", hint="run once without --offline"
                )
            parsed = Reference.parse(reference)
            client = self._open_client(parsed)
            descriptor, image = resolve(client, str(parsed.digest or parsed.tag), platform)
            named = str(replace(parsed, digest=descriptor.digest))
            base = self._adopt(image, named, step)
            self._remember(image, named, platform, asked=reference)
            return base

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:
        """Return the image's layers, which are in the store or in the registry."""
        return layers_of(self._found(base), base, step)

    def marks(self, base: BaseImage) -> tuple[str, ...]:
        """Return the digests of the layers' blobs."""
        return digests_of(self._found(base))

    def bring(self, base: BaseImage, layer: Layer, step: Step) -> None:
        """Fetch the blob of a layer whose contents were known without it."""
        with step:
            content = self._content(base.reference)
            copy(content, layer.descriptor, self._store, base.reference)

    def _found(self, base: BaseImage) -> Image:
        known = self._stored(base.reference, base.platform)
        if known is None:
            raise ImageError("the base is no longer in the store", hint="build again")
        return known[0]

    def _adopt(self, image: Image, reference: str, step: Step) -> BaseImage:
        content = self._content(reference)
        adoption = Adoption(
            reference=reference, content=content, store=self._store, memo=self._memo
        )
        return adoption.adopt(image, step)

    def _content(self, reference: str) -> Content:
        if self._is_offline:
            return self._store.blobs
        return _Late(lambda: RemoteContent(self._open_client(Reference.parse(reference))))

    def _remembered(self, reference: str, platform: Platform) -> tuple[Image, str] | None:
        row = _row(self._store, reference, platform)
        if row is None:
            return None
        is_fixed = Reference.parse(reference).digest is not None or self._is_offline
        is_fresh = not self._refresh and 0 <= self._clock() - row[0] < _FRESH_S
        return self._stored(reference, platform) if is_fixed or is_fresh else None

    def _stored(self, reference: str, platform: Platform) -> tuple[Image, str] | None:
        """Return the image, and the reference with its digest."""
        row = _row(self._store, reference, platform)
        if row is None:
            return None
        try:
            image = load_image(self._store.blobs, Descriptor.from_json(row[1]), platform)
        except ImageError:
            return None
        return image, str(row[2])

    def _remember(self, image: Image, named: str, platform: Platform, *, asked: str) -> None:
        """Keep the image as a value of ours: the same layers and config, our own spelling."""
        blobs = self._store.blobs
        blobs.add(image.config_bytes, media_type=image.config.media_type)
        manifest = blobs.add(image.manifest_bytes, media_type=image.descriptor.media_type)
        row = [self._clock(), manifest.to_json(), named]
        for reference in {asked, named}:
            self._store.remember(_TOPIC, f"{reference} {platform}", row)


def known_digest(store: Store, reference: str, platform: Platform) -> Digest | None:
    """Say what the reference stood for when it was resolved last, None if it never was."""
    row = _row(store, reference, platform)
    return Reference.parse(str(row[2])).digest if row else None


def _row(store: Store, reference: str, platform: Platform) -> list[Any] | None:
    row = store.recall(_TOPIC, f"{reference} {platform}")
    return row if isinstance(row, list) and len(row) == _COLUMNS else None


class _Late:
    """A repository's content, of which a client is made when the first blob is asked for."""

    def __init__(self, make: Callable[[], Content]) -> None:
        self._make = make

    def open(self, descriptor: Descriptor) -> BinaryIO:
        return self._make().open(descriptor)
