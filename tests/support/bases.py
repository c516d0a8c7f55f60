"""Small images that can be bases: a file where Python would be, and a C library that says its age.

They hold nothing that runs.
"""

import io

from lamina.layer.write import LayerWriter
from lamina.oci.config import RuntimeConfig
from lamina.oci.entry import Entry
from lamina.oci.image import Image, Index
from lamina.oci.layer import Layer
from lamina.oci.platform import Platform
from lamina.testing.images import Memory
from tests.elf.conftest import elf


def python_image(
    content: Memory, mark: str = "", *, architecture: str = "amd64", created: int = 0
) -> Image:
    """Make a base with Python 3.12 and glibc 2.36; another ``mark`` makes another image."""
    return Image(
        platform=Platform("linux", architecture),
        layers=(_layer(content, mark),),
        runtime=RuntimeConfig(environment=(("PYTHON_VERSION", "3.12.4"),)),
        created=created,
    )


def python_index(content: Memory, mark: str = "", *, created: int = 0) -> Index:
    """Make such a base for two platforms."""
    images = (
        python_image(content, mark, architecture=architecture, created=created)
        for architecture in ("amd64", "arm64")
    )
    return Index(images=tuple(images))


def musl_image(content: Memory, *more: Entry) -> Image:
    """Make a base like Alpine's: musl under its names, the Python 3.12 of Docker's images, more."""
    file = io.BytesIO()
    writer = LayerWriter(file)
    loader = elf(soname="libc.musl-x86_64.so.1")
    writer.add(Entry(path="lib/ld-musl-x86_64.so.1", mode=0o755, data=loader))
    link = Entry(path="lib/libc.musl-x86_64.so.1", kind="symlink", target="ld-musl-x86_64.so.1")
    writer.add(link)
    program = elf(needed=["libc.musl-x86_64.so.1"], interpreter="/lib/ld-musl-x86_64.so.1")
    writer.add(Entry(path="usr/local/bin/python3.12", mode=0o755, data=program))
    for entry in more:
        writer.add(entry)
    layer, _ = writer.finish(created_by="toy base on musl")
    content.blobs[layer.descriptor.digest] = file.getvalue()
    return Image(
        platform=Platform("linux", "amd64"),
        layers=(layer,),
        runtime=RuntimeConfig(environment=(("PYTHON_VERSION", "3.12.4"),)),
    )


def _layer(content: Memory, mark: str) -> Layer:
    file = io.BytesIO()
    writer = LayerWriter(file)
    libc = elf(soname="libc.so.6", provides=["GLIBC_2.17", "GLIBC_2.36"])
    writer.add(Entry(path="usr/lib/x86_64-linux-gnu/libc.so.6", data=libc))
    writer.add(Entry(path="usr/local/bin/python3.12", mode=0o755, data=mark.encode()))
    layer, _ = writer.finish(created_by=f"toy base {mark}")
    content.blobs[layer.descriptor.digest] = file.getvalue()
    return layer
