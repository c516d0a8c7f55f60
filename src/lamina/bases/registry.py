"""Base ``REFERENCE``: an image of a registry, by tag or digest."""

from collections.abc import Callable

from lamina.bases.foreign import adopt, layers_of, refuse_packages
from lamina.errors import ImageError, NetworkError
from lamina.image.load import load_image
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference
from lamina.plan.plan import BaseImage
from lamina.registry.client import RegistryClient
from lamina.registry.pull import RemoteContent, resolve
from lamina.steps import Clock, Step
from lamina.store.store import Store

_FRESH_S = 24 * 3600
_TOPIC = "registry base"


class RegistryBase:
    """Keeps images of registries in the store; what a tag stands for is good for a day.

    ``refresh`` asks the registry again; ``is_offline`` never does.
    """

    def __init__(
        self,
        store: Store,
        open_client: Callable[[Reference], RegistryClient],
        *,
        clock: Clock,
        refresh: bool = False,
        is_offline: bool = False,
    ) -> None:
        self._store = store
        self._open_client = open_client
        self._clock = clock
        self._refresh = refresh
        self._is_offline = is_offline

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        """Find out what the reference stands for, and bring what the store lacks of it."""
        refuse_packages(reference, system_packages)
        with step:
            image = self._remembered(reference, platform)
            if image is not None:
                step.cached()
                return adopt(image, self._store.blobs, self._store, reference=reference)
            if self._is_offline:
                raise NetworkError(
                    f"the base {reference} is not in the store", hint="run once without --offline"
                )
            parsed = Reference.parse(reference)
            client = self._open_client(parsed)
            image = resolve(client, str(parsed.digest or parsed.tag), platform)
            content = RemoteContent(client)
            base = adopt(image, content, self._store, reference=reference)
            self._remember(image, reference, platform)
            return base

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:
        """Return the image's layers, which are in the store by now."""
        image = self._stored(base.reference, base.platform)
        if image is None:
            raise ImageError("the base is no longer in the store", hint="build again")
        return layers_of(image, base, step)

    def _remembered(self, reference: str, platform: Platform) -> Image | None:
        row = self._store.recall(_TOPIC, f"{reference} {platform}")
        if not isinstance(row, list) or self._refresh:
            return None
        is_fixed = Reference.parse(reference).digest is not None or self._is_offline
        is_fresh = is_fixed or 0 <= self._clock() - row[0] < _FRESH_S
        return self._stored(reference, platform) if is_fresh else None

    def _stored(self, reference: str, platform: Platform) -> Image | None:
        row = self._store.recall(_TOPIC, f"{reference} {platform}")
        if not isinstance(row, list):
            return None
        try:
            image = load_image(self._store.blobs, Descriptor.from_json(row[1]), platform)
        except ImageError:
            return None
        has_all = all(self._store.blobs.has(layer.descriptor) for layer in image.layers)
        return image if has_all else None

    def _remember(self, image: Image, reference: str, platform: Platform) -> None:
        """Keep the image as a value of ours: the same layers and config, our own spelling."""
        blobs = self._store.blobs
        blobs.add(image.config_bytes, media_type=image.config.media_type)
        manifest = blobs.add(image.manifest_bytes, media_type=image.descriptor.media_type)
        row = [self._clock(), manifest.to_json()]
        self._store.remember(_TOPIC, f"{reference} {platform}", row)
