"""Clients of registries, wired with the user's certificates, proxies and credentials."""

import argparse
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from lamina.http.exchange import Exchange
from lamina.http.settings import HttpSettings
from lamina.oci.reference import Reference
from lamina.registry.client import RegistryClient
from lamina.registry.credentials import CredentialFinder
from lamina.registry.place import place_of
from lamina.registry.session import Session

OpenClient = Callable[[Reference], RegistryClient]


def add_registry_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what every command that talks to registries takes."""
    parser.add_argument(
        "--insecure-registry",
        action="append",
        default=[],
        metavar="HOST",
        help="talk to HOST[:PORT] without TLS; the loopback needs no such word",
    )


def client_opener(
    insecure: Collection[str], variables: Mapping[str, str], settings: HttpSettings
) -> OpenClient:
    """Make clients for the rest of this command, one HTTP client behind all of them."""
    finder = CredentialFinder(variables)
    folders = _certificate_folders(variables.get("HOME"))

    @cache
    def http() -> Exchange:
        from lamina.http.client import HttpClient  # noqa: PLC0415 - 0.1 s, only where it is needed

        return HttpClient(replace(settings, authorities=folders))

    def open_client(reference: Reference) -> RegistryClient:
        place = place_of(reference, insecure=insecure)
        return RegistryClient(Session(http(), place, finder))

    return open_client


def _certificate_folders(home: str | None) -> tuple[Path, ...]:
    """List where Docker and containers keep the authorities of single registries."""
    own = (Path(home) / ".config/containers/certs.d",) if home else ()
    return (*own, Path("/etc/containers/certs.d"), Path("/etc/docker/certs.d"))
