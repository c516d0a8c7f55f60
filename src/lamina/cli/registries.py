"""Clients of registries, wired with the user's certificates, proxies and credentials."""

import argparse
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol

from lamina.errors import UsageError
from lamina.http.exchange import Exchange
from lamina.http.settings import HttpSettings
from lamina.oci.reference import Reference
from lamina.registry.address import INSIDE
from lamina.registry.client import RegistryClient
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.names import registries_in, registry_name
from lamina.registry.place import Place, place_of
from lamina.registry.session import Session


class OpenClient(Protocol):
    """Makes a client of the repository that a reference names.

    Blobs may be taken over from those of ``mounts`` that are in the same registry.
    """

    def __call__(self, reference: Reference, *, mounts: Sequence[Reference] = ()) -> RegistryClient:
        """Make it; nothing is asked of the registry yet."""


def add_registry_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what every command that talks to registries takes."""
    parser.add_argument(
        "--insecure-registry",
        action="append",
        default=[],
        type=_registry,
        metavar="HOST",
        help="talk to HOST[:PORT] without TLS; the loopback needs no such word",
    )


def _registry(text: str) -> str:
    try:
        return registry_name(text, variable="HOST")
    except UsageError as error:
        raise argparse.ArgumentTypeError(f"{error.what}; {error.hint}") from None


def client_opener(
    insecure: Collection[str], variables: Mapping[str, str], settings: HttpSettings
) -> OpenClient:
    """Make clients for the rest of this command, one HTTP client behind all of them."""
    finder = CredentialFinder(variables)
    inside = registries_in(variables, INSIDE)

    @cache
    def http() -> Exchange:
        from lamina.http.client import HttpClient  # noqa: PLC0415 - 0.1 s, only where it is needed

        return HttpClient(with_authorities(settings, variables))

    @cache
    def session(place: Place) -> Session:
        return Session(http(), place, finder)

    def open_client(reference: Reference, *, mounts: Sequence[Reference] = ()) -> RegistryClient:
        place = place_of(reference, insecure=insecure, inside=inside)
        others = (place_of(mount, insecure=insecure) for mount in mounts)
        near = (other.repository for other in others if other.origin == place.origin)
        names = dict.fromkeys(name for name in near if name != place.repository)
        return RegistryClient(session(place), mounts=tuple(names))

    return open_client


def with_authorities(settings: HttpSettings, variables: Mapping[str, str]) -> HttpSettings:
    """Add where Docker and containers keep the authorities of single registries."""
    home = variables.get("HOME")
    own = (Path(home) / ".config/containers/certs.d",) if home else ()
    folders = (*own, Path("/etc/containers/certs.d"), Path("/etc/docker/certs.d"))
    return replace(settings, authorities=folders)
