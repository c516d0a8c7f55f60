"""What the lines below a vertex say: which kind of transfer each is, and what was exported."""

import re
from dataclasses import replace

from lamina.oci.reference import familiar
from lamina.trace.names import Phase, parse_name
from lamina.trace.solve import Exported, TransferKind

_DIGEST = "sha256:[0-9a-f]{64}"
_MANIFEST = re.compile(rf"exporting manifest(?: list)? ({_DIGEST})")
_CONFIG = re.compile(rf"(?:exporting config|writing image) ({_DIGEST})")
_NAMED = re.compile(r"naming to (\S+)")
_PUSHED = re.compile(rf"pushing manifest for (\S+?)(?:@({_DIGEST}))?")
_EXPORTER = re.compile(r"(?:\[[^\]]*\] )?exporting to (.+)")
_MOST_NAMES = 100
_UNNAMED = "moby-dangling"
"""What containerd's store calls an image that the user gave no name."""
_KINDS = (
    ("transferring", TransferKind.CONTEXT),
    ("Sending build context", TransferKind.CONTEXT),
    ("extracting", TransferKind.EXTRACT),
    ("unpacking", TransferKind.EXPORT),
    ("pushing", TransferKind.PUSH),
    ("writing layer", TransferKind.CACHE_EXPORT),
    ("writing cache", TransferKind.CACHE_EXPORT),
    ("sending cache", TransferKind.CACHE_EXPORT),
    ("preparing build cache", TransferKind.CACHE_EXPORT),
    ("exporting", TransferKind.EXPORT),
    ("writing", TransferKind.EXPORT),
    ("naming", TransferKind.EXPORT),
    ("sending tarball", TransferKind.EXPORT),
    ("resolve ", TransferKind.OTHER),
)


def transfer_kind(id_: str, vertex: str) -> TransferKind:
    """Say what a transfer moves, from its id and the name of its vertex."""
    if id_.startswith("sha256:"):
        return TransferKind.PULL
    if "exporting cache" in vertex and id_.startswith("writing config"):
        return TransferKind.CACHE_EXPORT
    if vertex.startswith("pushing "):
        return TransferKind.PUSH
    return next((kind for start, kind in _KINDS if id_.startswith(start)), TransferKind.OTHER)


def note_export(known: Exported, vertex: str, id_: str) -> Exported:
    """Add what a line below ``vertex`` says of the image; other vertices say nothing of it."""
    match = _EXPORTER.match(vertex)
    if match is None or parse_name(vertex).phase is not Phase.EXPORT:
        return known
    known = replace(known, exporter=match[1].strip())
    if found := _MANIFEST.match(id_):
        return replace(known, manifest=found[1])
    if found := _CONFIG.match(id_):
        return replace(known, config=found[1])
    if found := _PUSHED.fullmatch(id_):
        return _named(replace(known, manifest=found[2] or known.manifest), found[1])
    if found := _NAMED.fullmatch(id_):
        return _named(known, found[1])
    return known


def _named(known: Exported, name: str) -> Exported:
    name = familiar(name)
    if name.partition(":")[0] == _UNNAMED or name in known.names or len(known.names) >= _MOST_NAMES:
        return known
    return replace(known, names=(*known.names, name))
