"""Entry: one file, directory or link of a layer's changeset (OCI image-spec, layer.md)."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["file", "directory", "symlink", "hardlink"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a changeset, owned by root, its modification time fixed by the layer writer.

    ``path`` is relative to the image's root: no leading or trailing slash, no ``.`` or ``..``.
    ``data`` holds a file's bytes; ``target`` a symlink's text, or the path of the earlier
    entry that a hard link repeats.
    """

    path: str
    kind: Kind = "file"
    mode: int = 0o644
    data: bytes = b""
    target: str = ""
