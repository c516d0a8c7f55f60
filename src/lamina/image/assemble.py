"""Assemble: layers and a plan's runtime configuration become an image; pure."""

from collections.abc import Sequence

from lamina.errors import ImageError
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.plan.plan import BuildPlan

_MOST_LAYERS = 127
_BASE_NAME = "org.opencontainers.image.base.name"
_BASE_DIGEST = "org.opencontainers.image.base.digest"


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
        annotations={_BASE_NAME: plan.base.reference, _BASE_DIGEST: str(plan.base.digest)},
    )
