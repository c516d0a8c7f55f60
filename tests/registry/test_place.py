"""A reference says where to ask, and whether in the open."""

import pytest

from lamina.oci.reference import Reference
from lamina.registry.place import is_loopback, place_of


@pytest.mark.parametrize(
    ("text", "origin", "repository"),
    [
        ("python:3.12", "https://registry-1.docker.io", "library/python"),
        ("me/app", "https://registry-1.docker.io", "me/app"),
        ("docker.io/python", "https://registry-1.docker.io", "library/python"),
        ("ghcr.example/a/b:1", "https://ghcr.example", "a/b"),
        ("registry.example:5000/a", "https://registry.example:5000", "a"),
        ("localhost:5000/a", "http://localhost:5000", "a"),
        ("127.0.0.1:5000/a", "http://127.0.0.1:5000", "a"),
    ],
)
def test_a_reference_names_a_registry_and_a_repository(
    text: str, origin: str, repository: str
) -> None:
    place = place_of(Reference.parse(text))

    assert (place.origin, place.repository) == (origin, repository)


def test_a_registry_is_asked_without_tls_only_when_told() -> None:
    reference = Reference.parse("registry.example/a")

    assert place_of(reference).origin == "https://registry.example"
    assert place_of(reference, insecure=["registry.example"]).origin == "http://registry.example"


@pytest.mark.parametrize("host", ["127.0.0.1.evil.example", "localhost.evil.example", "127.x.y.z"])
def test_a_name_that_only_looks_like_the_loopback_is_not(host: str) -> None:
    assert not is_loopback(host)
