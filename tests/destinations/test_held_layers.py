"""Which layers an engine has, told from what it calls its images by."""

import pytest

from lamina.destinations.held_layers import held_layers
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.testing.images import Memory, toy_image


def image_of(*names: str) -> Image:
    return toy_image(Memory(), *names)


def digests(image: Image, *numbers: int) -> set[Digest]:
    return {image.layers[number].descriptor.digest for number in numbers}


def test_an_engine_without_images_has_no_layer() -> None:
    assert held_layers(image_of("a"), []) == set()


def test_a_config_stands_for_the_layers_below_the_first_difference() -> None:
    image, other = image_of("a", "b", "c"), image_of("a", "x", "c")

    assert held_layers(image, [other.config_bytes]) == digests(image, 0)


def test_a_manifest_stands_for_every_layer_that_it_names() -> None:
    image, other = image_of("a", "b", "c"), image_of("c", "a")

    assert held_layers(image, [other.manifest_bytes]) == digests(image, 0, 2)


def test_several_images_have_what_any_of_them_has() -> None:
    image = image_of("a", "b", "c")
    others = [image_of("a").config_bytes, image_of("a", "b", "x").config_bytes]

    assert held_layers(image, others) == digests(image, 0, 1)


def test_a_shorter_or_longer_image_has_what_both_begin_with() -> None:
    image = image_of("a", "b")

    assert held_layers(image, [image_of("a").config_bytes]) == digests(image, 0)
    assert held_layers(image, [image_of("a", "b", "c").config_bytes]) == digests(image, 0, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"no JSON", b"[]", b"null", b"{}", b'{"rootfs": []}', b'{"rootfs": {"diff_ids": 1}}',
        b'{"rootfs": {"diff_ids": [1, null]}}', b'{"layers": [{"digest": "md5:0"}]}',
        b'{"manifests": []}', b"\xff",
    ],
)  # fmt: skip
def test_a_document_of_another_kind_stands_for_nothing(data: bytes) -> None:
    assert held_layers(image_of("a", "b"), [data]) == set()
