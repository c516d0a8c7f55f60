"""Held layers: which of an image's layers an engine has, from the images that it has; pure."""

import json
from collections.abc import Iterable
from typing import Any

from lamina.errors import LaminaError
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.parse import parse_manifest


def held_layers(image: Image, documents: Iterable[bytes]) -> frozenset[Digest]:
    """List the layers of ``image`` that an engine has which calls its images by ``documents``.

    An engine that calls images by their configs finds a layer by its diff_id and those below it.
    One that calls them by their manifests keeps blobs, and finds any.
    """
    held: set[Digest] = set()
    for data in documents:
        held |= _by_config(image, data) or _by_manifest(image, data)
    return frozenset(held)


def _by_config(image: Image, data: bytes) -> set[Digest]:
    ours = [str(layer.diff_id) for layer in image.layers]
    shared = 0
    for one, other in zip(ours, _diff_ids(data), strict=False):
        if one != other:
            break
        shared += 1
    return {layer.descriptor.digest for layer in image.layers[:shared]}


def _diff_ids(data: bytes) -> list[Any]:
    """Return a config's diff_ids; none when it is something else."""
    try:
        found = json.loads(data)["rootfs"]["diff_ids"]
    except (ValueError, KeyError, TypeError):
        return []
    return found if isinstance(found, list) else []


def _by_manifest(image: Image, data: bytes) -> set[Digest]:
    try:
        _, layers = parse_manifest(data, where="an image of the engine", any_layers=True)
    except LaminaError:
        return set()
    theirs = {layer.digest for layer in layers}
    return {x.descriptor.digest for x in image.layers if x.descriptor.digest in theirs}
