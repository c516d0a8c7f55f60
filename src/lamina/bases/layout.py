"""Base ``oci:DIRECTORY[:NAME]``: an image in an OCI layout on this machine."""

from pathlib import Path

from lamina.bases.foreign import adopt, layers_of, refuse_packages
from lamina.layout.read import Layout, find_image
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage
from lamina.steps import Step
from lamina.store.store import Store


class LayoutBase:
    """Takes the layers of a layout's image as they are; they are checked and read once."""

    def __init__(self, store: Store, directory: Path) -> None:
        self._store = store
        self._directory = directory

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        """Find the image, and in its layers the Python and the C library."""
        refuse_packages(reference, system_packages)
        with step:
            image = self._find(reference, platform)
            return adopt(image, Layout(self._directory), self._store, reference=reference)

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:
        """Return the image's layers, which are in the store by now."""
        return layers_of(self._find(base.reference, base.platform), base, step)

    def _find(self, reference: str, platform: Platform) -> Image:
        name = reference.removeprefix("oci:").partition(":")[2]
        return find_image(self._directory, name, platform)
