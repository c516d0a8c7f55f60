"""The registry client, docker-registry and skopeo: in the open, with a password, over TLS."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lamina.errors import NetworkError
from lamina.events import BlobTransferred, Event, Transfer
from lamina.http.client import HttpClient
from lamina.http.settings import HttpSettings
from lamina.image.blobs import tree_of
from lamina.image.load import load_tree
from lamina.layout.write import write_layout
from lamina.oci.image import Image, Index
from lamina.oci.reference import Reference
from lamina.registry.client import RegistryClient
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.error import RefusedError
from lamina.registry.place import place_of
from lamina.registry.pull import RemoteContent
from lamina.registry.push import push
from lamina.registry.referrers import attach, referrers_of
from lamina.registry.session import Session
from lamina.steps import Step, silent_step
from lamina.testing.images import Memory, toy_image
from tests.interop.conftest import needs
from tests.registry.test_referrers import note
from tests.support import registry
from tests.support.process import run


@dataclass(frozen=True, kw_only=True)
class Real:
    """A registry, and how to get into it."""

    address: str
    login: dict[str, str]
    authority: Path | None

    def client(self, name: str, *, mounts: tuple[str, ...] = (), **login: str) -> RegistryClient:
        http = HttpClient(HttpSettings(timeout_s=30, certificates=self.authority))
        place = place_of(Reference.parse(f"{self.address}/{name}"))
        finder = CredentialFinder({**self.login, **login})
        return RegistryClient(Session(http, place, finder), mounts=mounts)

    def skopeo(self, prefix: str = "") -> list[str]:
        """Write the options that get skopeo in; ``prefix`` is that of ``skopeo copy``."""
        user = self.login.get("LAMINA_REGISTRY_USER")
        words = [f"--{prefix}tls-verify={'false' if self.authority is None else 'true'}"]
        if self.authority is not None:
            words += [f"--{prefix}cert-dir", str(self.authority.parent)]
        if user:
            words += [f"--{prefix}creds", f"{user}:{self.login['LAMINA_REGISTRY_PASSWORD']}"]
        return words


@pytest.fixture(scope="module", params=["open", "password", "password and TLS"])
def real(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Real]:
    if not registry.PROGRAM.exists():
        pytest.skip("docker-registry is not unpacked: run `make tools` as root")
    folder = tmp_path_factory.mktemp("registry")
    if request.param == "open":
        with registry.registry(folder) as address:
            yield Real(address=address, login={}, authority=None)
        return
    with registry.guarded_registry(folder, has_tls="TLS" in request.param) as guarded:
        login = {
            "LAMINA_REGISTRY": guarded.address,
            "LAMINA_REGISTRY_USER": guarded.user,
            "LAMINA_REGISTRY_PASSWORD": guarded.password,
        }
        authority = None
        if guarded.authority is not None:  # a folder with nothing else, for skopeo
            authority = tmp_path_factory.mktemp("certs") / "ca.crt"
            authority.write_bytes(guarded.authority.read_bytes())
        yield Real(address=guarded.address, login=login, authority=authority)


@pytest.fixture
def content() -> Memory:
    return Memory()


def send(
    image: Image | Index, content: Memory, client: RegistryClient, *tags: str
) -> list[Transfer]:
    events: list[Event] = []
    step = Step("push", events.append, lambda: 0.0)
    push(tree_of(image), content, client, tags=tags, step=step)
    return [event.transfer for event in events if isinstance(event, BlobTransferred)]


def test_an_image_goes_in_and_comes_back_byte_by_byte(real: Real, content: Memory) -> None:
    image = toy_image(content, "a", "b")

    assert send(image, content, real.client("round/trip"), "v1", "v2") == [Transfer.UPLOADED] * 3

    client = real.client("round/trip")
    descriptor, data = client.get_manifest("v2")
    assert data == image.manifest_bytes
    remote = RemoteContent(client)
    for blob in load_tree(remote, descriptor).blobs:
        with remote.open(blob) as file:
            assert len(file.read()) == blob.size
    assert sorted(client.list_tags()) == ["v1", "v2"]


def test_what_is_there_is_not_sent_again(real: Real, content: Memory) -> None:
    image = toy_image(content, "a", "b")
    send(image, content, real.client("twice"), "v1")
    content.opened.clear()

    assert send(image, content, real.client("twice"), "v1") == []
    assert send(toy_image(content, "a", "b", "c"), content, real.client("twice"), "v1") == [
        Transfer.PRESENT, Transfer.PRESENT, Transfer.UPLOADED, Transfer.UPLOADED,
    ]  # fmt: skip
    assert len(content.opened) == 1


def test_a_blob_is_mounted_where_it_is_and_sent_where_it_is_not(
    real: Real, content: Memory
) -> None:
    base, image = toy_image(content, "base"), toy_image(content, "base", "own")
    send(base, content, real.client("mount/base"), "v1")

    hows = send(image, content, real.client("mount/own", mounts=("mount/base",)), "v1")

    assert hows == [Transfer.MOUNTED, Transfer.UPLOADED, Transfer.UPLOADED]


def test_an_image_that_was_deleted_is_pushed_again(real: Real, content: Memory) -> None:
    image, client = toy_image(content, "gone"), real.client("deleted")
    send(image, content, client, "v1")
    for blob in tree_of(image).blobs:
        client.delete_blob(blob.digest)
    client.delete_manifest(str(image.descriptor.digest))
    assert client.find_manifest("v1") is None

    send(image, content, client, "v1")

    assert client.find_manifest("v1") == image.descriptor.digest


@pytest.mark.parametrize("chunk_size", [100, 1000])
def test_chunks_make_the_same_blob(real: Real, content: Memory, chunk_size: int) -> None:
    image = toy_image(content, f"chunks of {chunk_size}")
    client = real.client(f"chunks/{chunk_size}")

    push(tree_of(image), content, client, tags=("v1",), step=silent_step(), chunk_size=chunk_size)

    assert client.find_manifest("v1") == image.descriptor.digest


def test_an_index_goes_in_whole(real: Real, content: Memory) -> None:
    images = tuple(toy_image(content, "a", architecture=name) for name in ("amd64", "arm64"))
    index, client = Index(images=images), real.client("index")

    send(index, content, client, "v1")

    assert client.get_manifest("v1")[1] == index.index_bytes


def test_skopeo_finds_the_digest_and_copies_every_byte(
    real: Real, content: Memory, tmp_path: Path
) -> None:
    needs("skopeo")
    image = toy_image(content, "for", "skopeo")
    send(image, content, real.client("for/skopeo"), "v1")
    source = f"docker://{real.address}/for/skopeo:v1"

    found = json.loads(run("skopeo", "inspect", *real.skopeo(), source))
    run("skopeo", "--insecure-policy", "copy", "--quiet", *real.skopeo("src-"),
        source, f"oci:{tmp_path}:v1")  # fmt: skip

    assert found["Digest"] == str(image.descriptor.digest)
    for descriptor, data in {**tree_of(image).documents, **tree_of(image).manifests}.items():
        assert (tmp_path / "blobs/sha256" / descriptor.digest.hex).read_bytes() == data


def test_what_skopeo_pushed_is_pulled_as_it_is(real: Real, content: Memory, tmp_path: Path) -> None:
    """Docker's media types, which Lamina never writes."""
    needs("skopeo")
    write_layout(tmp_path, toy_image(content, "theirs"), content, names=("v1",))
    run("skopeo", "--insecure-policy", "copy", "--quiet", "--format=v2s2", *real.skopeo("dest-"),
        f"oci:{tmp_path}", f"docker://{real.address}/by/skopeo:v1")  # fmt: skip

    client = real.client("by/skopeo")
    descriptor, data = client.get_manifest("v1")
    tree = load_tree(RemoteContent(client), descriptor)
    push(tree, RemoteContent(client), real.client("by/lamina"), tags=("v1",), step=silent_step())

    assert "docker" in descriptor.media_type
    assert real.client("by/lamina").get_manifest("v1") == (descriptor, data)


@pytest.mark.parametrize("real", ["password", "password and TLS"], indirect=True)
def test_a_wrong_password_is_refused_with_its_source(real: Real) -> None:
    with pytest.raises(RefusedError) as caught:
        real.client("x", LAMINA_REGISTRY_PASSWORD="wrong").get_manifest("v1")

    assert caught.value.status == 401
    assert "LAMINA_REGISTRY_USER" in str(caught.value.hint)
    assert "wrong" not in f"{caught.value} {caught.value.why} {caught.value.hint}"


@pytest.mark.parametrize("real", ["password and TLS"], indirect=True)
def test_an_authority_that_nobody_trusts_is_no_reason_to_talk_in_the_open(real: Real) -> None:
    stranger = Real(address=real.address, login=real.login, authority=None)

    with pytest.raises(NetworkError) as caught:
        stranger.client("x").get_manifest("v1")

    assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value.why)


def test_referrers_are_found_although_the_registry_keeps_no_list(
    real: Real, content: Memory
) -> None:
    image, client = toy_image(content, "referred to"), real.client("referrers")
    send(image, content, client, "v1")

    for text in ("one", "two"):
        attach(client, image.descriptor.digest, *note(image, text))

    found = referrers_of(client, image.descriptor.digest)
    assert sorted(row.annotations["text"] for row in found) == ["one", "two"]
