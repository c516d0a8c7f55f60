"""A memo counts with its seal alone, stays bounded, and says what it said when it was written."""

import hashlib
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.elf.needs import Needs, VersionNeed
from lamina.errors import ImageError, IntegrityError
from lamina.layer.contents import Contents, Item
from lamina.oci import media_type
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.registry.memo_document import (
    LARGEST_DOCUMENT,
    MOST_FACTS,
    MOST_LAYERS,
    Fact,
    MemoDocument,
    MemoRow,
    check_seal,
    pack_contents,
    seal,
    unpack_contents,
)

KEY = b"the key of a team"
NEEDS = Needs(
    machine=62,
    needed=("libc.so.6",),
    soname="a.so",
    rpath=("$ORIGIN",),
    runpath=(),
    interpreter="",
    requires=(VersionNeed(library="libc.so.6", versions=("GLIBC_2.17",)),),
    provides=("A_1",),
)
CONTENTS = Contents(
    items=(Item("a.so", "file", 0o755, 5, "00" * 32, "", "toy 1.0"),), objects={"a.so": NEEDS}
)


FILE = Fact(
    value={"a": 1},
    file=Descriptor(media_type=media_type.MEMO_FILE, digest=Digest.of(b"f"), size=1),
)


def row(text: str) -> MemoRow:
    blob = Descriptor(
        media_type=media_type.LAYER_GZIP,
        digest=Digest.of(text.encode()),
        size=len(text),
        annotations={"dev.lamina.layer.key": text},
    )
    contents = Descriptor(media_type=media_type.MEMO_CONTENTS, digest=Digest.of(b"c"), size=1)
    layer = Layer(descriptor=blob, diff_id=Digest.of(b"d"), created_by=f"lamina: {text}")
    return MemoRow(layer=layer, contents=contents)


def test_the_seal_is_the_hmac_of_the_document() -> None:
    """Computed here from the definition (RFC 2104), and not with the code's own words."""
    block = KEY.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + b"lamina memo\n" + b"data").digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner)

    assert seal(b"data", KEY) == f"hmac-sha256:{outer.hexdigest()}"


@pytest.mark.parametrize("claimed", ["", "hmac-sha256:", "hmac-sha256:é", seal(b"data", b"other")])
def test_any_other_seal_is_refused(claimed: str) -> None:
    with pytest.raises(IntegrityError, match="not of this key"):
        check_seal(b"data", claimed, KEY)


def test_a_document_is_read_as_it_was_written() -> None:
    document = MemoDocument(
        rows={"k": row("one")},
        facts={("debian", "q"): Fact(value=[1.5, {"a": None}]), ("sdist", "s"): FILE},
    )

    assert MemoDocument.from_bytes(document.to_bytes()) == document


def test_what_was_used_last_stays_and_the_oldest_goes() -> None:
    old = MemoDocument(
        rows={f"old {n}": row(str(n)) for n in range(MOST_LAYERS)},
        facts={("t", str(n)): Fact(value=n) for n in range(MOST_FACTS)},
    )

    new = old.with_front({"new": row("new"), "old 399": row("399")}, {("t", "new"): Fact(value=0)})

    assert len(new.rows) == MOST_LAYERS
    assert list(new.rows)[:3] == ["new", "old 399", "old 0"]
    assert "old 398" not in new.rows
    assert len(new.facts) == MOST_FACTS
    assert ("t", "99") not in new.facts


def test_no_more_is_kept_than_is_read_again_and_what_was_used_last_stays() -> None:
    old = MemoDocument(
        rows={"old": row("old")},
        facts={("debian", str(n)): Fact(value="é" * 25_000) for n in range(MOST_FACTS - 1)},
    )

    new = old.with_front({"new": row("new")}, {("debian", "new"): Fact(value="x" * 50_000)})

    assert LARGEST_DOCUMENT - 51_000 < len(new.to_bytes()) <= LARGEST_DOCUMENT
    assert list(new.rows) == ["new", "old"]
    names = [name for _, name in new.facts]
    assert names == ["new", *(str(n) for n in range(len(names) - 1))]


def test_a_fact_that_alone_is_too_large_takes_no_other_with_it() -> None:
    facts = {("t", "huge"): Fact(value="x" * LARGEST_DOCUMENT), ("t", "small"): Fact(value=1)}

    new = MemoDocument().with_front({"k": row("k")}, facts)

    assert (set(new.rows), set(new.facts)) == ({"k"}, {("t", "small")})


def test_contents_come_back_whole() -> None:
    assert unpack_contents(pack_contents(CONTENTS)) == CONTENTS


@given(st.binary())
def test_no_bytes_are_taken_for_contents(data: bytes) -> None:
    with pytest.raises(ImageError):
        unpack_contents(data)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["version", "layers", "facts", "key"]), inner)
        ),
        max_leaves=12,
    )
)
def test_a_document_of_another_shape_is_an_error_and_no_crash(value: object) -> None:
    """Only ``{"version": 1, "layers": [], "facts": []}`` and what it says could be read."""
    try:
        read = MemoDocument.from_bytes(json.dumps(value).encode())
    except ImageError:
        return

    assert read == MemoDocument()
    assert isinstance(value, dict)
    assert value["version"] == 1


def test_a_bomb_of_contents_ends_at_the_limit() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()

    with pytest.raises(ImageError):
        unpack_contents(data)
