"""Images made on the spot by tarfile, whose live, dead and duplicate bytes are known by hand."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lamina.oci import media_type
from lamina.oci.config import RuntimeConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.testing.images import Memory

Row = tuple[tarfile.TarInfo, bytes]


def file(path: str, data: bytes = b"", **fields: Any) -> Row:
    """Describe a regular file; ``fields`` are those of tarfile."""
    return _info(path, tarfile.REGTYPE, size=len(data), **fields), data


def filled(path: str, size: int, seed: str = "", **fields: Any) -> Row:
    """Describe a file of ``size`` bytes; equal seeds give equal bytes, none that of the path."""
    block = hashlib.sha256((seed or path).encode()).digest()
    return file(path, (block * (size // 32 + 1))[:size], **fields)


def folder(path: str, **fields: Any) -> Row:
    """Describe a directory."""
    return _info(path, tarfile.DIRTYPE, mode=fields.pop("mode", 0o755), **fields), b""


def link(path: str, target: str, *, is_hard: bool = False) -> Row:
    """Describe a symbolic or a hard link."""
    kind = tarfile.LNKTYPE if is_hard else tarfile.SYMTYPE
    return _info(path, kind, linkname=target), b""


def gone(path: str) -> Row:
    """Describe the whiteout of ``path``."""
    above, slash, name = path.rpartition("/")
    return file(f"{above}{slash}.wh.{name}")


def opaque(path: str) -> Row:
    """Describe the marker that hides what is in ``path``."""
    return file(f"{path}/.wh..wh..opq")


def _info(path: str, kind: bytes, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.type = kind
    for name, value in fields.items():
        setattr(info, name, value)
    return info


def tar_of(rows: Sequence[Row]) -> bytes:
    """Write a tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, data in rows:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def layer_of(content: Memory, rows: Sequence[Row] | bytes, created_by: str = "RUN x") -> Layer:
    """Put a gzipped layer into ``content``."""
    plain = rows if isinstance(rows, bytes) else tar_of(rows)
    data = gzip.compress(plain, 1, mtime=0)
    digest = Digest.of(data)
    content.blobs[digest] = data
    descriptor = Descriptor(media_type=media_type.LAYER_GZIP, digest=digest, size=len(data))
    return Layer(descriptor=descriptor, diff_id=Digest.of(plain), created_by=created_by)


def image_of(
    layers: Sequence[Sequence[Row] | bytes], *, runtime: RuntimeConfig | None = None
) -> tuple[Image, Memory]:
    """Make an image of these layers, lowest first."""
    content = Memory()
    found = tuple(layer_of(content, rows, f"RUN {n}") for n, rows in enumerate(layers))
    image = Image(
        platform=Platform("linux", "amd64"), layers=found, runtime=runtime or RuntimeConfig()
    )
    content.blobs[image.config.digest] = image.config_bytes
    content.blobs[image.descriptor.digest] = image.manifest_bytes
    return image, content


def save_like_docker(path: Path, layers: Sequence[Sequence[Row]], name: str = "toy:1") -> None:
    """Write the archive that ``docker save`` of 20.10 writes: plain layers, each in a folder."""
    plain = [tar_of(rows) for rows in layers]
    config = json.dumps(
        {
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(x)) for x in plain]},
            "history": [{"created_by": f"RUN {n}"} for n in range(len(plain))],
        }
    ).encode()  # fmt: skip
    config_name = f"{Digest.of(config).hex}.json"
    names = [f"{number:064x}/layer.tar" for number in range(len(plain))]
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": names}]
    rows = [file(where, data) for where, data in zip(names, plain, strict=True)]
    rows += [file(config_name, config), file("manifest.json", json.dumps(manifest).encode())]
    path.write_bytes(tar_of(rows))


@dataclass(frozen=True, kw_only=True)
class Case:
    """An image and the truth about it, in bytes; ``dead_by`` are (writer, killer) → bytes."""

    name: str
    layers: tuple[tuple[Row, ...], ...]
    live: int
    dead: int
    duplicate: int = 0
    dead_by: dict[tuple[int, int], int] = field(default_factory=dict)


def truth(unit: int) -> tuple[Case, ...]:
    """List images whose truth is plain: sizes are multiples of ``unit`` bytes."""
    small, large = filled("keep", unit), 10 * unit
    one = (small, filled("a", large))
    return (
        Case(
            name="file removed in the next layer",
            layers=(one, (gone("a"),)),
            live=unit, dead=large, dead_by={(0, 1): large},
        ),
        Case(
            name="`rm -rf dir` in the next layer",
            layers=((small, folder("d"), filled("d/a", large)), (gone("d"),)),
            live=unit, dead=large, dead_by={(0, 1): large},
        ),
        Case(
            name="nested folder removed",
            layers=(
                (small, filled("d/e/a", large), filled("d/e/f/b", 2 * unit)),
                (gone("d"),),
            ),
            live=unit, dead=12 * unit, dead_by={(0, 1): 12 * unit},
        ),
        Case(
            name="rewritten file grows tenfold",
            layers=((small, filled("a", unit)), (filled("a", large, seed="new"),)),
            live=11 * unit, dead=unit, dead_by={(0, 1): unit},
        ),
        Case(
            name="chown of a file",
            layers=(one, (filled("a", large, uid=1000),)),
            live=11 * unit, dead=large, dead_by={(0, 1): large},
        ),
        Case(
            name="same bytes at two paths",
            layers=((small, filled("a", large), filled("b", large, seed="a")),),
            live=21 * unit, dead=0, duplicate=large,
        ),
        Case(
            name="written three times",
            layers=(one, (filled("a", large, seed="2"),), (filled("a", large, seed="3"),)),
            live=11 * unit, dead=20 * unit, dead_by={(0, 1): large, (1, 2): large},
        ),
        Case(
            name="folder made opaque",
            layers=(
                (small, folder("d"), filled("d/a", large)),
                (folder("d"), opaque("d"), filled("d/b", unit)),
            ),
            live=2 * unit, dead=large, dead_by={(0, 1): large},
        ),
        Case(
            name="one of two hard links removed",
            layers=((small, filled("a", large), link("b", "a", is_hard=True)), (gone("a"),)),
            live=11 * unit, dead=0,
        ),
        Case(
            name="both hard links removed, one after the other",
            layers=(
                (small, filled("a", large), link("b", "a", is_hard=True)),
                (gone("a"),),
                (gone("b"),),
            ),
            live=unit, dead=large, dead_by={(0, 2): large},
        ),
        Case(
            name="file removed through a link to its folder",
            layers=((small, link("lib", "usr/lib"), filled("usr/lib/a", large)), (gone("lib/a"),)),
            live=unit, dead=large, dead_by={(0, 1): large},
        ),
        Case(
            name="folder replaced by a file",
            layers=((small, filled("d/a", large)), (filled("d", 2 * unit),)),
            live=3 * unit, dead=large, dead_by={(0, 1): large},
        ),
        Case(
            name="file removed, and written again later",
            layers=(one, (gone("a"),), (filled("a", large),)),
            live=11 * unit, dead=large, dead_by={(0, 1): large},
        ),
        Case(
            name="nothing wasted",
            layers=(one, (filled("b", large),), (folder("d", mode=0o700),)),
            live=21 * unit, dead=0,
        ),
    )  # fmt: skip
