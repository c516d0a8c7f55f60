"""Plausible: where an image has more entries, names or lists of files than any real one."""

from lamina.anatomy.node import LayerNodes
from lamina.errors import ArchiveError

_MOST_NODES = 1_000_000
_MOST_NAMES = 192 << 20
_MOST_LINES = 96 << 20


class Plausible:
    """Adds up the layers of one image, in any order and from any thread."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int, int]] = {}

    def note(self, key: str, layer: LayerNodes) -> None:
        """Count a layer, once for each ``key``; raise ``ArchiveError`` where it becomes too much.

        What is too much fits into the memory of a small machine.
        """
        self._known[key] = _measure(layer)
        nodes, names, lines = (sum(column) for column in zip(*self._known.values(), strict=True))
        if nodes > _MOST_NODES or names > _MOST_NAMES or lines > _MOST_LINES:
            raise ArchiveError(
                f"the image has at least {nodes:,} entries with {names:,} bytes of names, "
                "which is more than is plausible",
                hint="it is hostile, or no image of a program",
            )


def _measure(layer: LayerNodes) -> tuple[int, int, int]:
    hidden = (*layer.removed, *layer.emptied)
    names = sum(len(node.path) + len(node.target) for node in layer.nodes)
    names += sum(map(len, hidden))
    lines = sum(len(line) for rows in layer.lines.values() for line in rows)
    return len(layer.nodes) + len(hidden), names, lines
