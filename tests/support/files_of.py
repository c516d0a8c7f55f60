"""What is in an image, of all its layers together: kinds, modes and digests."""

import hashlib
import json
import tarfile
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file, folder or link; ``what`` is a digest, nothing, or where the link leads."""

    kind: str
    mode: int
    what: str = ""
    first_line: bytes = field(default=b"", compare=False)


Tree = dict[str, Found]
"""By path, without the slash at the beginning."""


@cache
def files_of(layout: Path) -> Tree:
    """Read the only image of a layout, once; later layers replace what earlier ones have."""
    blobs = layout / "blobs/sha256"
    row = json.loads((layout / "index.json").read_bytes())["manifests"][0]
    manifest = json.loads((blobs / row["digest"][7:]).read_bytes())
    found: Tree = {}
    for layer in manifest["layers"]:
        with tarfile.open(blobs / layer["digest"][7:]) as tar:
            for member in tar:
                path = _path(member.name)
                # To read a link's file again would inflate all that is before it.
                found[path] = (
                    replace(found[_path(member.linkname)], mode=member.mode)
                    if member.islnk()
                    else _entry(tar, member)
                )
    return found


def _path(name: str) -> str:
    return name.removeprefix("./").strip("/")


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Found:
    if member.isdir():
        return Found(kind="directory", mode=member.mode)
    if member.issym():
        return Found(kind="link", mode=0o777, what=member.linkname)
    file = tar.extractfile(member)
    data = file.read() if file else b""
    return Found(
        kind="file",
        mode=member.mode,
        what=hashlib.sha256(data).hexdigest(),
        first_line=data.partition(b"\n")[0][:200],
    )
