"""Learn: the layers of an image taken apart, each read once, or not at all where it is known."""

import contextlib
from typing import Any, Final, Protocol

from lamina.anatomy.links import linked_registers, with_registers
from lamina.anatomy.node import LayerNodes
from lamina.anatomy.plausible import Plausible
from lamina.anatomy.read import read_layer
from lamina.anatomy.remembered import TOPIC, from_contents, from_rows, to_rows
from lamina.layer.contents import Contents
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.parallel import map_ordered
from lamina.protocols import Content
from lamina.steps import Step

_WORKERS: Final = 4
_REMEMBERED: Final = 300_000
"""Layers with more nodes are read again rather than kept."""


class Shelf(Protocol):
    """What of a store is used here."""

    def recall(self, topic: str, key: str) -> Any:  # noqa: ANN401 - JSON
        """Return a JSON value that was remembered, or None."""

    def remember(self, topic: str, key: str, value: object) -> None:
        """Remember a JSON value."""

    def known_layer(self, key: str) -> Layer | None:
        """Return the layer that was made with this key."""

    def contents(self, layer: Layer) -> Contents:
        """Return what a build kept of a layer, which may be nothing."""


def learn(
    image: Image, content: Content, shelf: Shelf, step: Step, *, needs_symbols: bool = False
) -> tuple[LayerNodes, ...]:
    """Take the layers of ``image`` apart, lowest first.

    A layer that was looked into before, or that a build has made here, is not opened; what a build
    kept says nothing of symbols.  Raises ``ArchiveError`` and ``IntegrityError`` for layers that
    are not what the image says, or more than is plausible, and what opening them raises.
    """
    different = {_key(layer): layer for layer in image.layers}
    work = [
        (layer, step.child(f"read {layer.descriptor.digest.short}")) for layer in different.values()
    ]

    plausible = Plausible()

    def one(pair: tuple[Layer, Step]) -> LayerNodes:
        layer, reading = pair
        with reading:
            known = _known(layer, shelf, needs_symbols=needs_symbols)
            if known is not None:
                reading.cached()
            taken = known or _read(layer, content, shelf)
            plausible.note(_key(layer), taken)
            return taken

    found = dict(zip(different, map_ordered(one, work, workers=_WORKERS), strict=True))
    return tuple(found[_key(layer)] for layer in image.layers)


def _known(layer: Layer, shelf: Shelf, *, needs_symbols: bool) -> LayerNodes | None:
    row = shelf.recall(TOPIC, _key(layer))
    if isinstance(row, dict):
        return from_rows(row)
    made = shelf.known_layer(layer.key) if layer.key else None
    if made is None or _key(made) != _key(layer):
        return None
    kept = from_contents(shelf.contents(layer))
    return None if kept is None or (needs_symbols and not kept.has_symbols) else kept


def _key(layer: Layer) -> str:
    """Name a layer by all that is said of it, for a manifest or config may lie of a known one."""
    return f"{layer.descriptor.digest} {layer.size} {layer.diff_id}"


def _read(layer: Layer, content: Content, shelf: Shelf) -> LayerNodes:
    with content.open(layer.descriptor) as stream:
        found = read_layer(stream, layer)
    if linked_registers(found):
        with content.open(layer.descriptor) as stream:
            found = with_registers(found, stream, layer)
    if len(found.nodes) <= _REMEMBERED:
        with contextlib.suppress(ValueError):  # names that are no text have no place in JSON
            shelf.remember(TOPIC, _key(layer), to_rows(found))
    return found
