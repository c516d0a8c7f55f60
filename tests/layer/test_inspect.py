"""A layer that somebody else wrote is checked and listed."""

import gzip
import hashlib
import io
import tarfile
from dataclasses import replace

import pytest

from lamina.errors import ArchiveError, IntegrityError
from lamina.layer.inspect import inspect_layer
from lamina.layer.write import LayerWriter
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.entry import Entry
from lamina.oci.layer import Layer
from tests.elf.conftest import elf


def layer_of(blob: bytes, plain: bytes) -> Layer:
    return Layer(
        descriptor=Descriptor(
            media_type=media_type.LAYER_GZIP, digest=Digest.of(blob), size=len(blob)
        ),
        diff_id=Digest.of(plain),
    )


def foreign() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, target in (
            ("usr", tarfile.DIRTYPE, ""),
            ("usr/file", tarfile.REGTYPE, ""),
            ("usr/link", tarfile.SYMTYPE, "file"),
            ("usr/same", tarfile.LNKTYPE, "usr/file"),
            ("dev/null", tarfile.CHRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            info.mode = 0o755
            info.size = 5 if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(b"hello"))
    return out.getvalue()


def test_files_folders_and_links_are_listed_and_devices_are_not() -> None:
    plain = foreign()
    blob = gzip.compress(plain)

    contents = inspect_layer(lambda: io.BytesIO(blob), layer_of(blob, plain), owner="base")

    assert [(i.path, i.kind, i.size, i.target, i.owner) for i in contents.items] == [
        ("usr", "directory", 0, "", "base"),
        ("usr/file", "file", 5, "", "base"),
        ("usr/link", "symlink", 0, "file", "base"),
        ("usr/same", "hardlink", 0, "usr/file", "base"),
    ]
    assert contents.items[1].digest == hashlib.sha256(b"hello").hexdigest()


def test_our_own_layer_reads_back_as_it_was_described() -> None:
    out = io.BytesIO()
    writer = LayerWriter(out)
    writer.add(Entry(path="a/b", data=b"hello"), owner="toy 1.0")
    writer.add(Entry(path="a/c", kind="symlink", target="b"), owner="toy 1.0")
    layer, contents = writer.finish(created_by="test")

    found = inspect_layer(lambda: io.BytesIO(out.getvalue()), layer, owner="toy 1.0")

    expected = [replace(item, owner="toy 1.0") for item in contents.items]
    assert list(found.items) == expected


def test_another_diff_id_is_refused() -> None:
    plain = foreign()
    blob = gzip.compress(plain)

    with pytest.raises(IntegrityError, match="what the config says"):
        inspect_layer(lambda: io.BytesIO(blob), layer_of(blob, plain + b"x"), owner="base")


def test_a_damaged_blob_is_refused() -> None:
    plain = foreign()
    blob = gzip.compress(plain)[:-6]

    with pytest.raises(ArchiveError, match="decompress"):
        inspect_layer(lambda: io.BytesIO(blob), layer_of(blob, plain), owner="base")


def test_a_library_with_a_large_string_table_is_among_the_objects() -> None:
    """Its names pass by before anybody knows which of them count."""
    data = elf(needed=["libgone.so.1"], symbols=12 << 20)
    blob = io.BytesIO()
    writer = LayerWriter(blob)
    writer.add(Entry(path="usr/lib/libbig.so", data=data))
    writer.add(Entry(path="usr/lib/libsmall.so", data=elf(needed=["libc.so.6"])))
    layer, _ = writer.finish(created_by="test")

    contents = inspect_layer(lambda: io.BytesIO(blob.getvalue()), layer, owner="base")

    assert {path: needs.needed for path, needs in contents.objects.items()} == {
        "usr/lib/libbig.so": ("libgone.so.1",),
        "usr/lib/libsmall.so": ("libc.so.6",),
    }
