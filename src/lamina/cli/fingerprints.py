"""Fingerprints of traced builds: read before the build starts, and kept with its record."""

import platform as host
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from lamina.cli.clock import now
from lamina.errors import InputError
from lamina.explain.asked import Asked, read_buildctl, read_command
from lamina.explain.bases import base_from_inspect
from lamina.explain.collect import Around, collect
from lamina.explain.fingerprint import BaseFound, Fingerprint, fingerprint_to_json
from lamina.explain.model import base_images
from lamina.history.location import spool_location
from lamina.history.record import BuildRecord
from lamina.oci.platform import Platform
from lamina.trace.command import Builder, Invocation
from lamina.trace.probe import ask

_INSPECT: Final = ("image", "inspect", "--format", "{{json .}}")
_PATIENCE_S: Final = 2.0


def before_build(invocation: Invocation, variables: Mapping[str, str]) -> Fingerprint | None:
    """Read what a build depends on; None where nobody knows, or nobody would keep it."""
    try:
        asked = _asked(invocation)
        if asked is None or spool_location(variables) is None:
            return None
        return read_fingerprint(asked, variables)
    except Exception:  # noqa: BLE001 - our bug must not cost the user the build
        return None


def read_fingerprint(asked: Asked, variables: Mapping[str, str]) -> Fingerprint | None:
    """Read what a build in this folder would depend on."""
    spool = spool_location(variables)
    around = Around(
        folder=Path(),
        environment=variables,
        memory=spool.with_suffix(".files") if spool else None,
        clock=now,
    )
    found = collect(asked, around)
    machine = Platform.parse(f"linux/{host.machine().lower()}")
    return replace(found, engine_platform=str(machine)) if found else None


def after_build(
    record: BuildRecord,
    found: Fingerprint | None,
    invocation: Invocation,
    variables: Mapping[str, str],
) -> BuildRecord:
    """Keep a fingerprint with its record, and with it what the engine knows of the bases."""
    if found is None:
        return record
    return replace(record, fingerprint=fingerprint_to_json(_based(found, invocation, variables)))


def _asked(invocation: Invocation) -> Asked | None:
    words = invocation.words[invocation.verb + 1 :]
    if not invocation.verb or invocation.words[invocation.verb] in {"bake", "f"}:
        return None
    if invocation.builder is Builder.BUILDCTL:
        return read_buildctl(words)
    return read_command(words)


def _based(found: Fingerprint, invocation: Invocation, variables: Mapping[str, str]) -> Fingerprint:
    """Ask the engine for images that it holds; other builders' logs name their digests."""
    if invocation.builder is Builder.BUILDCTL:
        return found
    try:
        names = base_images(found)
    except InputError:
        return found
    client = invocation.words[: _client(invocation)]
    questions = [(*client, *_INSPECT, name) for name in names]
    answers = ask(questions, variables, patience_s=_PATIENCE_S)
    bases: dict[str, BaseFound] = {}
    for name, answer in zip(names, answers, strict=True):
        base = base_from_inspect(answer)
        if base is not None:
            bases[name] = base
    return replace(found, bases=bases)


def _client(invocation: Invocation) -> int:
    """Return how many words name the client and its own options."""
    words = invocation.words[: invocation.verb]
    return next(
        (n for n, word in enumerate(words) if n and word in {"buildx", "image", "builder"}),
        len(words),
    )
