"""Assemble: layers and a plan's runtime configuration become an image; pure."""

from collections.abc import Sequence
from dataclasses import replace

from lamina.errors import ImageError
from lamina.oci.annotations import BASE_DIGEST, BASE_NAME
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.plan.plan import BaseImage, BuildPlan
from lamina.project.base_pin import registry_reference

_MOST_LAYERS = 127


def assemble(plan: BuildPlan, layers: Sequence[Layer]) -> Image:
    """Put ``layers`` (the base's first) and the plan's configuration together.

    Raises ``ImageError`` for more layers than overlay file systems mount.
    """
    if len(layers) > _MOST_LAYERS:
        raise ImageError(
            f"the image would have {len(layers)} layers, and engines mount {_MOST_LAYERS}",
            hint="choose a base image with fewer layers",
        )
    return Image(
        platform=plan.base.platform,
        layers=tuple(layers),
        runtime=plan.runtime,
        created=plan.created,
        annotations=_annotations(plan.base),
    )


def _annotations(base: BaseImage) -> dict[str, str]:
    """Say what the image is based on (annotations.md): a full name, and what a registry has there.

    A base that no registry names is called as in the settings, with its own digest.
    """
    image = registry_reference(base.reference)
    if image is None or image.digest is None:
        return {BASE_NAME: base.reference, BASE_DIGEST: str(base.digest)}
    return {BASE_NAME: replace(image, digest=None).qualified, BASE_DIGEST: str(image.digest)}
