"""Remembered: a layer taken apart as JSON rows, for the store, and from what a build kept of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lamina.anatomy.node import LayerNodes, Node
from lamina.anatomy.registers import is_register
from lamina.layer.contents import Contents

TOPIC: Final = "layer nodes 2"
"""Raised when the rows, or what is read of a layer, change."""

_FOREIGN: Final = "base "


def to_rows(layer: LayerNodes) -> dict[str, Any]:
    """Write a layer as JSON values."""
    return {
        "nodes": [
            [n.path, n.kind, n.mode, n.uid, n.gid, n.size, n.digest, n.target, n.symbols]
            for n in layer.nodes
        ],
        "removed": layer.removed,
        "emptied": layer.emptied,
        "lines": {path: list(rows) for path, rows in layer.lines.items()},
        "lost": layer.lost,
    }


def from_rows(value: Mapping[str, Any]) -> LayerNodes:
    """Read what :func:`to_rows` wrote."""
    return LayerNodes(
        nodes=tuple(_node(row) for row in value["nodes"]),
        removed=tuple(value["removed"]),
        emptied=tuple(value["emptied"]),
        lines={path: tuple(rows) for path, rows in value["lines"].items()},
        lost=value["lost"],
    )


def from_contents(contents: Contents) -> LayerNodes | None:
    """Take what a build kept of a layer that it made; None where that says too little.

    Lamina's own layers belong to root and have no whiteouts, and each entry has its owner.  Of the
    layers of foreign bases nothing but names and digests was kept.
    """
    if not contents.items or any(_is_foreign(item.owner) for item in contents.items):
        return None
    if any(not item.owner and is_register(item.path) for item in contents.items):
        return None
    return LayerNodes(
        nodes=tuple(
            Node(
                path=item.path, kind=item.kind, mode=item.mode, size=item.size,
                digest=item.digest if item.kind == "file" else "", target=item.target,
                owner=item.owner,
            )
            for item in contents.items
        ),
        has_symbols=not contents.objects,
    )  # fmt: skip


def _is_foreign(owner: str) -> bool:
    return owner.startswith(_FOREIGN)


def _node(row: Sequence[Any]) -> Node:
    path, kind, mode, uid, gid, size, digest, target, symbols = row
    return Node(path, kind, mode, uid, gid, size, digest, target, symbols)
