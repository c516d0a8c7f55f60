"""Configs, manifests and indexes: written in one spelling, read from anyone, or refused."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import ImageError, LaminaError
from lamina.oci import media_type
from lamina.oci.canonical_json import canonical_json
from lamina.oci.config import Healthcheck, RuntimeConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image, Index
from lamina.oci.layer import Layer
from lamina.oci.parse import parse_image, parse_index, parse_manifest
from lamina.oci.platform import Platform

LAYER = Layer(
    descriptor=Descriptor(media_type=media_type.LAYER_GZIP, digest=Digest.of(b"blob"), size=4),
    diff_id=Digest.of(b"tar"),
    created_by="lamina: toy==1.0",
)
RUNTIME = RuntimeConfig(
    entrypoint=("toy", "serve"),
    command=("--port", "8000"),
    environment=(("PATH", "/opt/venv/bin:/bin"), ("EMPTY", ""), ("MATH", "a=b")),
    user="65532:65532",
    working_directory="/app",
    ports=(8000,),
    labels={"title": "toy"},
    stop_signal="SIGINT",
    volumes=("/data",),
    healthcheck=Healthcheck(test=("CMD", "true"), interval_s=10, retries=5),
)
IMAGE = Image(
    platform=Platform("linux", "arm64"),
    layers=(LAYER,),
    runtime=RUNTIME,
    created=1_700_000_000,
    annotations={"org.opencontainers.image.base.name": "scratch"},
)

_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**70)
    | st.floats(allow_nan=False)
    | st.sampled_from([str(Digest.of(b"x")), media_type.MANIFEST, "8080/tcp", "a=b", "layers", "²"])
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def test_equal_images_have_equal_bytes() -> None:
    other = replace(IMAGE, runtime=replace(RUNTIME, labels={"title": "toy"}))

    assert IMAGE.descriptor == other.descriptor
    assert IMAGE.config_bytes == canonical_json(json.loads(IMAGE.config_bytes))


def test_an_image_reads_back_from_its_own_bytes() -> None:
    image = parse_image(IMAGE.manifest_bytes, IMAGE.config_bytes, where="here")

    assert replace(image, annotations=IMAGE.annotations) == IMAGE
    assert image.config == IMAGE.config


def test_the_config_holds_what_a_container_needs() -> None:
    config = json.loads(IMAGE.config_bytes)

    assert (config["os"], config["architecture"]) == ("linux", "arm64")
    assert config["created"] == "2023-11-14T22:13:20Z"
    assert config["rootfs"] == {"type": "layers", "diff_ids": [str(Digest.of(b"tar"))]}
    assert config["config"]["Env"] == ["PATH=/opt/venv/bin:/bin", "EMPTY=", "MATH=a=b"]
    assert config["config"]["ExposedPorts"] == {"8000/tcp": {}}
    assert config["config"]["Volumes"] == {"/data": {}}
    assert config["config"]["Healthcheck"]["Interval"] == 10_000_000_000
    assert config["history"][0]["created_by"] == "lamina: toy==1.0"


def test_a_manifest_describes_its_config_and_layers() -> None:
    config, layers = parse_manifest(IMAGE.manifest_bytes, where="here")

    assert config == IMAGE.config
    assert layers == (LAYER.descriptor,)
    assert IMAGE.descriptor.size == len(IMAGE.manifest_bytes)
    assert IMAGE.size == LAYER.size == 4


def test_an_index_lists_an_image_for_each_platform() -> None:
    amd64 = replace(IMAGE, platform=Platform("linux", "amd64"))
    index = Index(images=(amd64, IMAGE), annotations={"a": "b"})

    rows = parse_index(index.index_bytes, where="here")

    assert rows == (amd64.descriptor, IMAGE.descriptor)
    assert [str(row.platform) for row in rows] == ["linux/amd64", "linux/arm64"]
    assert index.descriptor.media_type == media_type.INDEX
    assert json.loads(index.index_bytes)["annotations"] == {"a": "b"}
    assert "annotations" not in json.loads(Index(images=()).index_bytes)


def manifest(**members: object) -> bytes:
    return json.dumps({**json.loads(IMAGE.manifest_bytes), **members}).encode()


def row(**members: object) -> dict[str, object]:
    return {**LAYER.descriptor.to_json(), **members}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe{", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b" " * (8 << 20) + b"{}", "larger than"),
        (manifest(manifests=[]), "not an image manifest"),
        (manifest(layers={}), "not an image manifest"),
        (manifest(mediaType=media_type.INDEX), "unknown manifest type"),
        (manifest(mediaType=[]), "unknown manifest type"),
        (manifest(mediaType={}), "unknown manifest type"),
        (manifest(layers=[row(mediaType="text/plain")]), "unknown layer type"),
        (manifest(layers=[row(size=-1)]), "has the size '-1'"),
        (manifest(layers=[row(size=2**63)]), "has the size"),
        (manifest(layers=[row(size=True)]), "has the size 'True'"),
        (manifest(layers=[row(size="4")]), "has the size '4'"),
        (manifest(layers=[row(mediaType=None)]), "has no mediaType"),
        (manifest(layers=[row(digest="sha256:../../etc/passwd")]), "not a SHA-256 digest"),
        (manifest(layers=[row(annotations=["a"])]), "annotations"),
        (manifest(layers=[row(annotations={"a": 1})]), "annotations"),
        (manifest(layers=["x"]), "not a JSON object"),
        (manifest(config=None), "not a JSON object"),
    ],
)
def test_a_malformed_manifest_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        parse_manifest(data, where="here")


def test_a_malformed_member_is_reported_with_its_document() -> None:
    with pytest.raises(ImageError) as caught:
        parse_image(IMAGE.manifest_bytes, config(config={"Env": 5}), where="sha256:1234")

    assert str(caught.value) == "sha256:1234: Env is not a list of texts but '5'"


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ImageError, match="not valid JSON"):
        parse_image(IMAGE.manifest_bytes, config(author="\ud800"), where="here")


@pytest.mark.parametrize(
    "data",
    [
        IMAGE.manifest_bytes,
        b'{"manifests": [], "layers": []}',
        b'{"manifests": {}}',
        json.dumps({"mediaType": media_type.MANIFEST, "manifests": []}).encode(),
        json.dumps({"mediaType": [], "manifests": []}).encode(),
    ],
)
def test_what_is_not_an_index_is_not_taken_for_one(data: bytes) -> None:
    with pytest.raises(ImageError, match="not an image index"):
        parse_index(data, where="here")


def config(**members: object) -> bytes:
    return json.dumps({**json.loads(IMAGE.config_bytes), **members}).encode()


DIFF_IDS = {"type": "layers", "diff_ids": [str(LAYER.diff_id)]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (config(rootfs=None), "has no layers"),
        (config(rootfs={"type": "bogus", "diff_ids": []}), "has no layers"),
        (config(rootfs={"type": "layers", "diff_ids": []}), "1 layers and the config 0"),
        (config(rootfs={"type": "layers", "diff_ids": 5}), "diff_ids is not a list"),
        (config(rootfs={"type": "layers", "diff_ids": ["sha256:x"]}), "not a SHA-256 digest"),
        (config(config=["x"]), "config is not an object"),
        (config(config={"Env": 5}), "Env"),
        (config(config={"Env": "A=B"}), "Env"),
        (config(config={"Entrypoint": "sh -c x"}), "Entrypoint"),
        (config(config={"Cmd": [1]}), "Cmd"),
        (config(config={"Labels": ["a"]}), "Labels"),
        (config(config={"Labels": {"a": 1}}), "Labels"),
        (config(config={"Volumes": 1}), "Volumes"),
        (config(config={"ExposedPorts": 80}), "ExposedPorts"),
        (config(config={"Healthcheck": [1]}), "Healthcheck"),
        (config(config={"Healthcheck": {"Interval": "soon"}}), "Interval"),
    ],
)
def test_a_malformed_config_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        parse_image(IMAGE.manifest_bytes, data, where="here")


@pytest.mark.parametrize(
    ("created", "seconds"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000),
        ("2023-11-14T22:13:20.987654321Z", 1_700_000_000),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000),
        ("2023-11-14T22:13:20", 1_700_000_000),
        ("0001-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00+01:00", 0),
        ("9999-12-31T23:59:59-01:00", 0),
        ("yesterday", 0),
        (None, 0),
        (7, 0),
    ],
)
def test_any_time_of_creation_is_understood(created: object, seconds: int) -> None:
    """Docker writes year 1 for "unknown"; the time zone of this machine must not matter."""
    image = parse_image(IMAGE.manifest_bytes, config(created=created), where="here")

    assert image.created == seconds
    assert parse_image(image.manifest_bytes, image.config_bytes, where="here") == image


def test_ports_without_a_number_or_of_another_protocol_are_left_out() -> None:
    ports: dict[str, object] = {
        "8000/tcp": {},
        "53/udp": {},
        "9000": {},
        "²/tcp": {},
        "http/tcp": {},
        "0/tcp": {},
    }

    image = parse_image(IMAGE.manifest_bytes, config(config={"ExposedPorts": ports}), where="here")

    assert image.runtime.ports == (8000, 9000)


@pytest.mark.parametrize("history", [None, [], [{"created_by": "a"}, {"created_by": "b"}], 5, "x"])
def test_a_history_that_does_not_fit_the_layers_is_left_out(history: object) -> None:
    image = parse_image(IMAGE.manifest_bytes, config(history=history), where="here")

    assert image.layers[0].created_by == ""


def test_history_of_empty_layers_is_skipped() -> None:
    history = [{"created_by": "ENV A=1", "empty_layer": True}, {"created_by": "RUN x"}, "junk"]

    image = parse_image(IMAGE.manifest_bytes, config(history=history), where="here")

    assert image.layers[0].created_by == "RUN x"


def test_a_health_check_without_times_has_dockers_meaning() -> None:
    read = Healthcheck.from_json({"Test": ["CMD", "true"]})

    assert read == Healthcheck(test=("CMD", "true"))
    assert Healthcheck.from_json(read.to_json()) == read


@given(value=_JSON, key=st.sampled_from(["config", "layers", "mediaType", "annotations"]))
def test_any_json_in_a_manifest_is_read_or_refused(value: object, key: str) -> None:
    _reads_or_refuses(lambda: parse_manifest(manifest(**{key: value}), where="here"))


@given(value=_JSON, key=st.sampled_from(["mediaType", "digest", "size", "annotations", "platform"]))
def test_any_json_in_a_descriptor_is_read_or_refused(value: object, key: str) -> None:
    _reads_or_refuses(lambda: Descriptor.from_json(row(**{key: value})))


@given(
    value=_JSON,
    key=st.sampled_from(
        ["Env", "Cmd", "Entrypoint", "Labels", "Volumes", "ExposedPorts", "Healthcheck", "User"]
    ),
)
def test_any_json_in_a_runtime_config_is_read_or_refused(value: object, key: str) -> None:
    _reads_or_refuses(
        lambda: parse_image(IMAGE.manifest_bytes, config(config={key: value}), where="here")
    )


@given(
    value=_JSON, key=st.sampled_from(["created", "history", "rootfs", "config", "os", "variant"])
)
def test_any_json_in_a_config_is_read_or_refused(value: object, key: str) -> None:
    def read_and_write() -> None:
        image = parse_image(IMAGE.manifest_bytes, config(**{key: value}), where="here")
        assert image.descriptor.size > 0

    _reads_or_refuses(read_and_write)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_document_or_are_refused(data: bytes) -> None:
    _reads_or_refuses(lambda: parse_manifest(data, where="here"))
    _reads_or_refuses(lambda: parse_index(data, where="here"))
    _reads_or_refuses(lambda: parse_image(IMAGE.manifest_bytes, data, where="here"))


def _reads_or_refuses(read: Callable[[], object]) -> None:
    with contextlib.suppress(LaminaError):
        read()
