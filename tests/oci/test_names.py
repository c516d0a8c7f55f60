"""Digests, references and platforms: valid by construction, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import ImageError, LaminaError, UsageError
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference, familiar

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_digest_is_the_sha256_of_its_data() -> None:
    digest = Digest.of(b"")

    assert str(digest) == EMPTY
    assert digest.short == "e3b0c44298fc"
    assert Digest.parse(EMPTY) == digest


@pytest.mark.parametrize(
    "text",
    [
        "sha256:../../../etc/passwd",
        "sha256:" + "A" * 64,
        "sha256:" + "a" * 63,
        "sha256:" + "a" * 64 + "\n",
        "sha512:" + "a" * 128,
        "a" * 64,
        "",
        None,
        7,
    ],
)
def test_what_is_not_a_digest_never_becomes_a_file_name(text: object) -> None:
    with pytest.raises(ImageError, match="is not a SHA-256 digest"):
        Digest.parse(text)


@given(st.text(alphabet="sha256:/.\0\nabcdefg0123456789", max_size=80))
def test_any_text_is_a_digest_or_is_refused(text: str) -> None:
    try:
        digest = Digest.parse(text)
    except ImageError:
        return

    assert str(digest) == text
    assert "/" not in digest.hex


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("toy", "", "toy", "latest"),
        ("toy:1.0", "", "toy", "1.0"),
        ("team/toy:1.0", "", "team/toy", "1.0"),
        ("localhost/toy", "localhost", "toy", "latest"),
        ("localhost:5000/a/b:x", "localhost:5000", "a/b", "x"),
        ("registry.example/a__b/c-d", "registry.example", "a__b/c-d", "latest"),
        ("[::1]:5000/toy", "[::1]:5000", "toy", "latest"),
    ],
)
def test_a_reference_is_read_as_docker_reads_it(
    text: str, registry: str, repository: str, tag: str
) -> None:
    reference = Reference.parse(text)

    assert (reference.registry, reference.repository, reference.tag) == (registry, repository, tag)
    assert Reference.parse(str(reference)) == reference


def test_a_reference_by_digest_has_no_tag_unless_it_says_one() -> None:
    plain, both = Reference.parse(f"toy@{EMPTY}"), Reference.parse(f"toy:1@{EMPTY}")

    assert (plain.tag, str(plain)) == ("", f"toy@{EMPTY}")
    assert (both.tag, str(both)) == ("1", f"toy:1@{EMPTY}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Toy",
        "toy:",
        "toy:-x",
        "toy:" + "x" * 129,
        "toy toy",
        "/toy",
        "toy//toy",
        "a/../b",
        "toy@",
        "toy@sha256:abc",
        f"toy@{EMPTY}@{EMPTY}",
        "bad host.example/toy",
        "user:secret@host.example/toy",
        "host.example:port/toy",
        ".:5000/toy",
        "host.example/" + "a" * 256,
        "toy\n",
    ],
)
def test_what_is_not_a_reference_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        Reference.parse(text)


@given(st.text(alphabet="abZ.:/@-_ \n[]09", max_size=40))
def test_any_text_is_a_reference_or_is_refused(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except UsageError:
        return

    assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("Linux/AArch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm/v7", "linux/arm/v7"),
        (" linux/amd64 ", "linux/amd64"),
    ],
)
def test_platforms_have_one_spelling(text: str, shown: str) -> None:
    platform = Platform.parse(text)

    assert str(platform) == shown
    assert Platform.from_json(platform.to_json()) == platform


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/a b"])
def test_what_is_not_a_platform_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is not a platform"):
        Platform.parse(text)


@given(st.text(max_size=30))
def test_any_text_is_a_platform_or_is_refused(text: str) -> None:
    try:
        platform = Platform.parse(text)
    except LaminaError:
        return

    assert Platform.parse(str(platform)) == platform


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("shop", "shop:latest"),
        ("library/shop", "shop:latest"),
        ("docker.io/library/shop:1", "shop:1"),
        ("index.docker.io/library/shop:1", "shop:1"),
        ("docker.io/me/shop:1", "me/shop:1"),
        ("docker.io/library/me/shop:1", "library/me/shop:1"),
        ("registry.example.com/library/shop:1", "registry.example.com/library/shop:1"),
        ("localhost:5000/shop", "localhost:5000/shop:latest"),
        ("docker.io/library/shop@sha256:0a", "shop"),
        ("docker.io/library/shop:1@sha256:0a", "shop:1"),
        ("docker.io", "docker.io:latest"),
        ("", ""),
    ],
)
def test_an_image_has_one_name_however_it_is_written(written: str, name: str) -> None:
    assert familiar(written) == name
