"""``lamina doctor``: what Lamina finds in its environment, and what to try where it is not well."""

import argparse
import json
import platform
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import uv

from lamina.cli import wiring
from lamina.cli.engines import docker_address
from lamina.cli.environment import child_environment, environment
from lamina.cli.registries import add_registry_arguments, with_authorities
from lamina.doctor import machine, sources
from lamina.doctor.check import Check, failed
from lamina.doctor.registries import RegistryProbe
from lamina.errors import StoreError, UsageError
from lamina.http.settings import HttpSettings
from lamina.lock.index_credentials import uv_config_paths
from lamina.observers.printable import printable
from lamina.oci.reference import Reference
from lamina.registry.address import INSIDE
from lamina.registry.credential_finder import CredentialFinder
from lamina.registry.credential_helper import helper_runner
from lamina.registry.names import registries_in
from lamina.registry.place import place_of
from lamina.store.location import store_location

_TIMEOUT_S = 10.0
_WORDS = {"ok": "ok", "warning": "warning", "absent": "not there", "broken": "BROKEN"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "references",
        nargs="*",
        metavar="REF",
        help="also look at the registry of this image: who would ask, and whether it answers",
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="for people or for programs"
    )
    add_registry_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Look at everything; exit code 1 says that something is broken."""
    references = [Reference.parse(text) for text in options.references]
    probes = _probes(references, options.insecure_registry)
    checks = list(probes if options.format == "json" else _shown(probes))
    is_well = all(check.state != "broken" for check in checks)
    if options.format == "json":
        print(json.dumps({"ok": is_well, "checks": [asdict(c) for c in checks]}, indent=2))
    return 0 if is_well else 1


def _probes(references: Sequence[Reference], insecure: Collection[str]) -> Iterator[Check]:
    variables = environment()
    settings = with_authorities(wiring.http_settings(variables), variables)
    yield machine.check_lamina(f"{platform.system()} {platform.machine()}")
    yield _store()
    yield machine.check_uv(_uv(), child_environment())
    yield from _sources(settings)
    yield machine.check_pythons()
    yield from machine.check_sandboxes()
    yield _docker(variables)
    if references:
        probe = _registry_probe(settings)
        inside = registries_in(variables, INSIDE)
        for reference in references:
            yield from probe.check(place_of(reference, insecure=insecure, inside=inside))


def _store() -> Check:
    try:
        return machine.check_store(store_location(environment()))
    except StoreError as error:
        return failed("store", error)


def _uv() -> str | None:
    try:
        return uv.find_uv_bin()
    except FileNotFoundError:
        return None


def _docker(variables: Mapping[str, str]) -> Check:
    try:
        address = docker_address(variables)
    except UsageError as error:  # its text holds an address with all that is in it
        return Check(
            name="Docker engine",
            state="absent",
            what="it is said to be where Lamina does not load images",
            hint=error.hint or "",
        )
    is_named = any(variables.get(name) for name in ("DOCKER_HOST", "DOCKER_CONTEXT"))
    return machine.check_docker(address, is_named=is_named)


def _sources(settings: HttpSettings) -> Iterator[Check]:
    here = Path.cwd()
    configs = wiring.texts(uv_config_paths(environment(), str(here)))
    yield sources.check_indexes(wiring.uv_settings(), configs, wiring.index_origins(here))
    yield sources.check_archives()
    yield sources.check_proxies(settings)
    yield sources.check_certificates(settings)


def _registry_probe(settings: HttpSettings) -> RegistryProbe:
    from lamina.http.client import HttpClient  # noqa: PLC0415 - 0.1 s, only where it is needed

    variables = environment()
    run_helper = cache(helper_runner(variables))  # one may ask its user for a password
    return RegistryProbe(
        http=HttpClient(replace(settings, timeout_s=_TIMEOUT_S)),
        finder=CredentialFinder(variables, run=run_helper),
    )


def _shown(checks: Iterable[Check]) -> Iterator[Check]:
    """Print each check as it comes: some wait for others to answer."""
    for check in checks:
        first, *rest = printable(check.what).splitlines() or [""]
        print(f"{_WORDS[check.state]:>9}  {check.name}: {first}", flush=True)
        for line in rest:
            print(f"{'':>11}{line}")
        if check.hint:
            print(f"{'':>11}try: {printable(check.hint)}", flush=True)
        yield check
