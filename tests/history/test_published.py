"""What of a record goes to a registry, and what of a foreign one is believed."""

import json
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.errors import InputError
from lamina.history import published as module
from lamina.history.document import record_to_json, record_to_text
from lamina.history.fold import Header, fold
from lamina.history.published import believed, published
from lamina.history.record import BuildOutcome, BuildRecord, PublicationRecord
from tests.history.builds import COLD, records, with_steps
from tests.history.builds import step as made_step

WHERE = "registry.example:5000/team/shop"
NOW = 1_000_000.0
BUILD = replace(
    fold(Header(id="c01dc01d", engine="native", names=(f"{WHERE}:1", "other/private:2")), COLD),
    host="builder-7.corp.example",
    publications=(
        PublicationRecord(destination=f"docker://{WHERE}:1", digest="sha256:ab"),
        PublicationRecord(destination="docker://other/private:2", digest="sha256:ab"),
        PublicationRecord(destination="oci:/home/alice/out", digest="sha256:ab"),
    ),
    warnings=("there is no lock in /home/alice",),
)


def packed(value: Any) -> bytes:
    deflater = zlib.compressobj(wbits=31)
    return deflater.compress(json.dumps(value).encode()) + deflater.flush()


def test_a_record_comes_back_with_all_that_is_compared() -> None:
    found = believed(published(BUILD, WHERE), WHERE, NOW, project="shop")

    kept = (
        "id",
        "started",
        "seconds",
        "steps",
        "layers",
        "wheels",
        "transfers",
        "images",
        "phases",
    )
    assert all(getattr(found, name) == getattr(BUILD, name) for name in kept)
    assert (found.project, found.engine, found.outcome) == ("shop", "native", BuildOutcome.DONE)
    assert found.scope == BUILD.scope
    assert found.names == (f"{WHERE}:1",)
    assert [one.destination for one in found.publications] == [f"docker://{WHERE}:1"]


def test_a_registry_learns_nothing_of_machines_folders_and_images_elsewhere() -> None:
    printed = replace(made_step("1", 1.0), log=("canary",), error="canary", warnings=("canary",))
    record = replace(BUILD, steps=(printed,), error="canary")

    text = zlib.decompress(published(record, WHERE), wbits=31).decode()

    for secret in ("canary", "corp.example", "alice", "private"):
        assert secret not in text


def test_a_fingerprint_travels_where_there_is_room_for_it() -> None:
    small = replace(BUILD, fingerprint={"files": [["a", "0644", "ab"]]})
    assert believed(published(small, WHERE), WHERE, NOW).fingerprint == small.fingerprint

    noise = [format(n * n * 7919, "x") * 4 for n in range(100_000)]
    large = replace(BUILD, fingerprint={"files": noise})

    assert believed(published(large, WHERE), WHERE, NOW).fingerprint is None


def test_a_record_that_is_too_large_is_an_error() -> None:
    steps = (replace(made_step(str(n), 1.0), text=format(n**9, "x") * 3) for n in range(40_000))

    with pytest.raises(InputError, match="more than"):
        published(with_steps(*steps), WHERE)


def test_a_record_says_nothing_about_images_elsewhere() -> None:
    hostile = replace(
        BUILD,
        names=("victim/web:1", f"{WHERE}:good", "x:\x1b[2J"),
        publications=(PublicationRecord(destination="docker://victim/web:1", digest="sha256:ab"),),
        host="victim",
    )

    found = believed(packed(record_to_json(hostile)), WHERE, NOW)

    assert found.names == (f"{WHERE}:1", f"{WHERE}:good", WHERE)
    assert [one.destination for one in found.publications] == [f"docker://{WHERE}:1"]
    assert found.host == ""


@pytest.mark.parametrize("asked", ["", "web"])
def test_a_record_does_not_say_by_itself_whose_build_it_is(asked: str) -> None:
    """Else whoever may push somewhere could plant builds among those of any project here."""
    found = believed(published(BUILD, WHERE), WHERE, NOW, project=asked)

    assert found.project == ""
    assert found.scope == f"build native {WHERE}"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"id": "../../etc/passwd"}, "no build's id"),
        ({"id": ""}, "no build's id"),
        ({"id": "not-hex"}, "the id"),
        ({"kind": "trace"}, "no record of a build that was pushed"),
        ({"outcome": "failed"}, "no record of a build that was pushed"),
        ({"started": NOW + 100_000}, "in the future"),
        ({"started": -1}, "no number of seconds"),
        ({"seconds": "long"}, "unexpected type str"),
        ({"steps": {}}, "unexpected type dict"),
        ({"schema": 0}, "not a build record"),
        ({"fingerprint": json.loads("[" * 60 + "]" * 60)}, "nested too deep"),
        ({"fingerprint": json.loads("[" * 900 + "]" * 900)}, "nested too deep"),
    ],
)
def test_a_record_that_cannot_be_true_is_refused(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        believed(packed({**record_to_json(BUILD), **members}), WHERE, NOW)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", packed(None), packed([]), packed("x"), published(BUILD, WHERE)[:-9],
        zlib.compress(record_to_text(BUILD).encode()),
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        believed(data, WHERE, NOW)


def test_a_bomb_is_not_unpacked() -> None:
    deflater = zlib.compressobj(wbits=31)
    bomb = deflater.compress(b'{"schema":1,"id":"' + b"0" * (64 << 20)) + deflater.flush()

    with pytest.raises(InputError, match=f"larger than {module._LARGEST_TEXT} bytes"):
        believed(bomb, WHERE, NOW)


def test_json_that_nests_without_end_is_refused() -> None:
    deflater = zlib.compressobj(wbits=31)
    data = deflater.compress(b"[" * 1_000_000) + deflater.flush()

    with pytest.raises(InputError):
        believed(data, WHERE, NOW)


@given(records)
@settings(max_examples=60, deadline=None)
def test_any_record_that_is_published_is_believed_or_refused(record: BuildRecord) -> None:
    try:
        found = believed(published(record, WHERE), WHERE, NOW)
    except InputError:
        return
    assert set(found.names) == {name for name in found.names if name.startswith(WHERE)}


@given(st.binary(max_size=60))
def test_no_bytes_are_more_than_an_error(data: bytes) -> None:
    with pytest.raises(InputError):
        believed(data, WHERE, NOW)
