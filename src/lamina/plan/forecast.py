"""Forecast: what a push will move, and what nodes will pull, from a plan and a manifest; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from lamina.oci.annotations import LAYER_KEY
from lamina.oci.descriptor import Descriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLayer:
    """A layer that a build will give.

    ``marks`` are what a manifest may know it by: its key, its blob's digest where that is known.
    ``size`` is in bytes, exact where ``is_exact``, else that of the wheels or files in it.
    """

    name: str
    marks: frozenset[str]
    size: int
    is_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What happens to each layer when the image replaces ``reference``, from the bottom up."""

    reference: str
    layers: tuple[ExpectedLayer, ...]
    present: frozenset[str]
    """Names of the layers that ``reference`` has."""
    unpacked_from: int
    """The position of the lowest layer that differs: nodes unpack it and all above anew."""

    @property
    def moved(self) -> tuple[ExpectedLayer, ...]:
        """The layers that a push sends, and that a node with the old image pulls."""
        return tuple(layer for layer in self.layers if layer.name not in self.present)

    @property
    def push_size(self) -> int:
        """Bytes that the next push sends, at most: other images may have some of the layers."""
        return sum(layer.size for layer in self.moved)

    @property
    def unpack_size(self) -> int:
        """Compressed bytes that a node unpacks, for snapshots are named by all that is below."""
        return sum(layer.size for layer in self.layers[self.unpacked_from :])

    @property
    def is_exact(self) -> bool:
        """Whether every size that is moved is that of a blob."""
        return all(layer.is_exact for layer in self.moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What a push of several platforms sends: each layer once, and none that any of them has."""

    layers: tuple[ExpectedLayer, ...]

    @property
    def push_size(self) -> int:
        """Bytes that the push sends, at most."""
        return sum(layer.size for layer in self.layers)

    @property
    def is_exact(self) -> bool:
        """Whether every size is that of a blob."""
        return all(layer.is_exact for layer in self.layers)


def together(forecasts: Sequence[Forecast]) -> Together:
    """Put the forecasts for the platforms of one image together."""
    known: set[str] = set()
    for found in forecasts:
        for layer in found.layers:
            known |= layer.marks if layer.name in found.present else set()
    sent: list[ExpectedLayer] = []
    for layer in (layer for found in forecasts for layer in found.moved):
        if known.isdisjoint(layer.marks):
            sent.append(layer)
            known |= layer.marks
    return Together(layers=tuple(sent))


def forecast(
    expected: Sequence[ExpectedLayer], manifest: Sequence[Descriptor], *, reference: str
) -> Forecast:
    """Compare a plan's layers with those of the image that ``reference`` names now.

    ``manifest`` is empty where there is none.
    """
    marks = [{row.annotations.get(LAYER_KEY, ""), str(row.digest)} - {""} for row in manifest]
    known = frozenset(mark for row in marks for mark in row)
    pairs = zip(expected, marks, strict=False)
    same = takewhile(lambda pair: bool(pair[0].marks & pair[1]), pairs)
    return Forecast(
        reference=reference,
        layers=tuple(expected),
        present=frozenset(layer.name for layer in expected if layer.marks & known),
        unpacked_from=sum(1 for _ in same),
    )
