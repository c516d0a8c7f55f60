"""The in-memory registry answers as a real one does, and real clients cannot tell."""

import json
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.layout.write import write_layout
from lamina.oci import media_type
from lamina.oci.digest import Digest
from lamina.testing.images import Memory, toy_image
from lamina.testing.registry import Basic, Bearer, Choices, InMemoryRegistry
from tests.support import registry as real
from tests.support.process import run
from tests.support.raw_http import Said, ask
from tests.testing.asking import BLOB, LOGIN, NAME, UPLOADS, manifest_of

DIGEST = Digest.of(BLOB)
MANIFEST = manifest_of(BLOB, BLOB)
COMPARED = ("docker-content-digest", "range", "content-range", "docker-distribution-api-version")
PRESENT = ("location", "docker-upload-uuid")
NEEDS_REAL = pytest.mark.skipif(
    not real.PROGRAM.exists(), reason="docker-registry is not unpacked: run `make tools` as root"
)
NEEDS_SKOPEO = pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")


def converse(address: str) -> Iterator[tuple[str, Said]]:
    """Push and delete a small image by hand, making mistakes; yield each answer with its step."""

    def say(method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[str, Said]:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        said = ask(address, method, path, body, headers=fields)
        return f"{method} {path.partition('?')[0]} {headers}", said

    def opened() -> str:
        location = ask(address, "POST", UPLOADS, b"").headers["location"]
        return location.removeprefix(f"http://{address}")

    def after(location: str, query: str) -> str:
        return f"{location}{'&' if '?' in location else '?'}{query}"

    yield say("GET", "/v2/")
    yield say("HEAD", f"/v2/{NAME}/blobs/{DIGEST}")
    yield say("GET", f"/v2/{NAME}/blobs/{DIGEST}")
    yield say("GET", f"/v2/{NAME}/tags/list")
    yield say("GET", f"/v2/{NAME}/manifests/v1", Accept=media_type.MANIFEST)
    yield say("POST", UPLOADS, b"")
    yield say("PUT", after(opened(), f"digest={Digest.of(b'other')}"), BLOB)
    yield say("PUT", after(opened(), f"digest={DIGEST}"), BLOB)
    yield say("HEAD", f"/v2/{NAME}/blobs/{DIGEST}")
    yield say("GET", f"/v2/{NAME}/blobs/{DIGEST}")
    yield say("GET", f"/v2/{NAME}/blobs/{DIGEST}", Range="bytes=0-4")
    yield say("GET", f"/v2/{NAME}/blobs/{DIGEST}", Range="bytes=6-")
    yield say("GET", f"/v2/{NAME}/blobs/sha256:12")

    location = opened()
    for content_range, chunk in (("0-4", b"hello"), ("5-7", b", c")):
        step, said = say("PATCH", location, chunk, Content_Range=content_range)
        yield step, said
        location = said.headers["location"].removeprefix(f"http://{address}")
        yield say("GET", location)
    yield say("PUT", after(location, f"digest={Digest.of(b'hello, c')}"))
    yield say("GET", location)
    location = opened()
    yield say("DELETE", location)
    yield say("DELETE", location)
    yield say("POST", f"/v2/mounted/blobs/uploads/?mount={DIGEST}&from={NAME}", b"")
    yield say("POST", f"/v2/mounted/blobs/uploads/?mount={Digest.of(b'no')}&from={NAME}", b"")

    manifests, kind = f"/v2/{NAME}/manifests", media_type.MANIFEST
    yield say("PUT", f"{manifests}/v1", manifest_of(BLOB, b"missing"), Content_Type=kind)
    yield say("PUT", f"{manifests}/v1", b"{", Content_Type=kind)
    yield say("PUT", f"{manifests}/v1", MANIFEST, Content_Type="text/plain")
    yield say("PUT", f"{manifests}/{Digest.of(b'other')}", MANIFEST, Content_Type=kind)
    yield say("PUT", f"{manifests}/v1", MANIFEST, Content_Type=kind)
    yield say("HEAD", f"{manifests}/v1")
    for reference in ("v1", str(Digest.of(MANIFEST))):
        yield say("HEAD", f"{manifests}/{reference}", Accept=kind)
        yield say("GET", f"{manifests}/{reference}", Accept=kind)
    yield say("GET", f"/v2/{NAME}/tags/list")
    yield say("GET", f"/v2/{NAME}/referrers/{DIGEST}")
    yield say("DELETE", f"{manifests}/{Digest.of(MANIFEST)}")
    yield say("DELETE", f"{manifests}/{Digest.of(MANIFEST)}")
    yield say("GET", f"{manifests}/v1", Accept=kind)
    yield say("DELETE", f"/v2/{NAME}/blobs/{DIGEST}")
    yield say("GET", f"/v2/{NAME}/blobs/{DIGEST}")


def gist(step: str, said: Said) -> tuple[object, ...]:
    """Reduce an answer to what a client goes by."""
    compared = [said.headers.get(name) for name in COMPARED]
    present = [name for name in PRESENT if name in said.headers]
    return (step.partition("/upload")[0], said.status, compared, present, *_content(said))


def _content(said: Said) -> tuple[object, ...]:
    if said.status >= 400:
        return (_codes(said.body),)
    if said.body:
        return (said.body.strip(),)  # one ends its JSON with a newline, the other does not
    return (said.headers.get("content-length"),)


def _codes(body: bytes) -> list[str]:
    try:
        return [error["code"] for error in json.loads(body)["errors"]]
    except ValueError:
        return []


@pytest.mark.slow
@NEEDS_REAL
def test_the_in_memory_registry_and_the_real_one_say_the_same(tmp_path: Path) -> None:
    """The choices are those of distribution 2.8."""
    choices = Choices(
        location="absolute", has_upload_state=True, has_referrers=False, needs_accept=True
    )
    with InMemoryRegistry(choices=choices) as ours, real.registry(tmp_path) as address:
        said = [gist(*answer) for answer in converse(ours.address)]
        expected = [gist(*answer) for answer in converse(address)]

    assert [pair for pair in zip(said, expected, strict=True) if pair[0] != pair[1]] == []


@pytest.mark.slow
@NEEDS_REAL
@pytest.mark.parametrize("has_tls", [False, True])
def test_the_real_registry_lets_in_who_knows_the_password(
    has_tls: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
) -> None:
    with real.guarded_registry(tmp_path, has_tls=has_tls) as guarded:
        tls = ssl.create_default_context(cafile=guarded.authority) if has_tls else None
        nobody, alice = (
            ask(guarded.address, "GET", "/v2/", headers=headers, tls=tls) for headers in ({}, LOGIN)
        )

    assert (nobody.status, alice.status) == (401, 200)
    assert nobody.headers["www-authenticate"] == 'Basic realm="test"'


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_the_in_memory_registry_speaks_tls(tmp_path: Path) -> None:
    authority = real.make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")

    with InMemoryRegistry(tls=context) as registry:
        client = ssl.create_default_context(cafile=authority)
        said = ask(registry.address, "GET", "/v2/", tls=client)
        with pytest.raises(ssl.SSLError):
            ask(registry.address, "GET", "/v2/", tls=ssl.create_default_context())

    assert said.status == 200
    assert registry.origin.startswith("https://127.0.0.1:")


@pytest.mark.slow
@NEEDS_SKOPEO
@pytest.mark.parametrize(
    ("auth", "choices"),
    [
        (None, Choices()),
        (Basic(user="alice", password="s3cret"), Choices(location="absolute")),
        (Bearer(user="alice", password="s3cret"), Choices(has_upload_state=True)),
    ],
    ids=["open", "basic", "bearer"],
)
def test_skopeo_pushes_and_pulls(
    auth: Basic | Bearer | None, choices: Choices, tmp_path: Path
) -> None:
    content = Memory()
    image = toy_image(content, "one", "two")
    write_layout(tmp_path / "there", image, content, names=("toy:v1",))
    nobody = tmp_path / "auth.json"
    nobody.write_text("{}")
    copy = ("skopeo", "--insecure-policy", "copy", "--quiet", "--authfile", nobody)
    creds = ["alice:s3cret"] if auth else []

    with InMemoryRegistry(auth=auth, choices=choices) as registry:
        place = f"docker://{registry.address}/{tmp_path.name.replace('_', '-')}:v1"
        run(*copy, "--dest-tls-verify=false", *(f"--dest-creds={c}" for c in creds),
            f"oci:{tmp_path}/there:v1", place)  # fmt: skip
        run(*copy, "--src-tls-verify=false", *(f"--src-creds={c}" for c in creds),
            place, f"oci:{tmp_path}/back:v1")  # fmt: skip
        digests = {d for r in registry.repositories.values() for d in r.tags.values()}

    assert digests == {image.descriptor.digest}
    assert _blobs(tmp_path / "back") == _blobs(tmp_path / "there")


def _blobs(layout: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in layout.glob("blobs/sha256/*")}
