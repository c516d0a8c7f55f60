"""Links: lists of files whose bytes are in a file of another name, which a hard link leads to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO

from lamina.anatomy.node import LayerNodes, Node
from lamina.anatomy.read import CheckedLayer, ReadLimits
from lamina.anatomy.registers import LONGEST, is_register, shorten
from lamina.layer.decompress import Limits
from lamina.layer.entries import LayerReader
from lamina.oci.layer import Layer


def linked_registers(nodes: LayerNodes) -> Mapping[str, str]:
    """Find the files of a layer that only a link's name makes a register, each with that name.

    What a link of a lower layer's file makes of it is not known.
    """
    files: dict[str, Node] = {}
    found: dict[str, str] = {}
    for node in nodes.nodes:
        file = node if node.kind == "file" else files.get(node.target)
        if file is None or node.kind not in {"file", "hardlink"}:
            continue
        files[node.path] = file
        is_known = file.path in nodes.lines or file.size > LONGEST
        if node.kind == "hardlink" and is_register(node.path) and not is_known:
            found[file.path] = node.path
    return found


def with_registers(
    nodes: LayerNodes, stream: BinaryIO, layer: Layer, *, limits: ReadLimits | None = None
) -> LayerNodes:
    """Read a layer once more for what :func:`linked_registers` finds in it."""
    wanted, chosen = linked_registers(nodes), limits or ReadLimits()
    bounds = Limits(members=chosen.members)
    checked = CheckedLayer(stream, layer, limits=bounds)
    lines, left = dict(nodes.lines), chosen.registers
    reader = LayerReader(checked.tar, where=str(layer.descriptor.digest), limits=bounds)
    for member in reader:
        name = wanted.get(member.path)
        if name is not None and member.kind == "file" and member.size <= left:
            left -= member.size
            lines[member.path] = shorten(name, b"".join(reader.chunks()))
    checked.check()
    return replace(nodes, lines=lines)
