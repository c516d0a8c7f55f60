"""Base ``oci:DIRECTORY[:NAME]``: an image in an OCI layout on this machine."""

from pathlib import Path

from lamina.bases.foreign import Adoption, copy, digests_of, layers_of, refuse_packages
from lamina.layer.memo import Memo
from lamina.layout.read import Layout, find_image
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.plan.plan import BaseImage
from lamina.steps import Step
from lamina.store.store import Store


class LayoutBase:
    """Takes the layers of a layout's image as they are; they are checked and read once."""

    def __init__(self, store: Store, directory: Path, *, memo: Memo) -> None:
        self._store = store
        self._memo = memo
        self._directory = directory

    def resolve(
        self, reference: str, platform: Platform, system_packages: tuple[str, ...], step: Step
    ) -> BaseImage:
        """Find the image, and in its layers the Python and the C library."""
        refuse_packages(reference, system_packages)
        with step:
            image = self._find(reference, platform)
            adoption = Adoption(
                reference=reference, content=Layout(self._directory),
                store=self._store, memo=self._memo,
            )  # fmt: skip
            return adoption.adopt(image, step)

    def layers(self, base: BaseImage, step: Step) -> tuple[Layer, ...]:
        """Return the image's layers, which are in the store by now."""
        return layers_of(self._find(base.reference, base.platform), base, step)

    def marks(self, base: BaseImage) -> tuple[str, ...]:
        """Return the digests of the layers' blobs."""
        return digests_of(self._find(base.reference, base.platform))

    def bring(self, base: BaseImage, layer: Layer, step: Step) -> None:
        """Copy a layer's blob into the store."""
        with step:
            copy(Layout(self._directory), layer.descriptor, self._store, base.reference)

    def _find(self, reference: str, platform: Platform) -> Image:
        name = reference.removeprefix("oci:").partition(":")[2]
        return find_image(self._directory, name, platform)
