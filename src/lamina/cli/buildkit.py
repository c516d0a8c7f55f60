"""``lamina build --engine buildkit``: what the user asks, and where secrets come from."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from lamina.cli import wiring
from lamina.cli.clock import now
from lamina.cli.environment import child_environment, environment
from lamina.engines.buildkit.client import Wishes
from lamina.engines.buildkit.engine import BuildkitEngine
from lamina.engines.buildkit.index_secrets import pip_file, uv_file
from lamina.engines.buildkit.reach import Reach
from lamina.engines.buildkit.sdists import SdistsAsTheyAre
from lamina.errors import UsageError
from lamina.project.read import read_project
from lamina.workshop import Workshop

_VOLATILE = "SOURCE_DATE_EPOCH"
"""Clients pass it on as a build argument, which is part of every key: it reaches the exporter."""


@contextmanager
def with_buildkit(options: argparse.Namespace, workshop: Workshop) -> Iterator[Workshop]:
    """Give ``workshop`` the engine; the files of its secrets are gone when the block ends."""
    variables = {n: v for n, v in child_environment().items() if n != _VOLATILE}
    with TemporaryDirectory(prefix="lamina-secrets-") as folder:  # only its owner may look in
        wishes = Wishes(
            secrets=_secrets(options, wiring.uv_settings(), Path(folder)),
            arguments=tuple(options.build_arg),
            caches_from=tuple(options.cache_from),
            caches_to=tuple(options.cache_to),
            network=options.network,
            pulls=options.pull,
            no_cache=options.no_cache,
        )
        yield replace(
            workshop,
            engine=BuildkitEngine(
                workshop.store,
                read_project(options.path, options.variant),
                Reach(environment=variables, builder=options.builder),
                wishes,
                clock=now,
            ),
            sdists=SdistsAsTheyAre(),
        )


def _secrets(
    options: argparse.Namespace, settings: Mapping[str, str], folder: Path
) -> tuple[str, ...]:
    """Collect what the user's own pip and uv know, unless the command line says otherwise."""
    found: dict[str, Path] = {}
    for name, text in (("uv", uv_file(settings)), ("pip", pip_file(settings))):
        if text:
            found[name] = folder / name
            found[name].write_text(text, encoding="utf-8")
    variables = environment()
    for name, place in (
        ("ca", settings.get("SSL_CERT_FILE")),
        ("netrc", variables.get("NETRC") or f"{variables.get('HOME', '')}/.netrc"),
    ):
        if place and Path(place).is_file():
            found[name] = Path(place)
    given = {_id(text): text for text in options.secret}
    rows = {name: f"id={name},src={path}" for name, path in found.items()}
    return tuple({**rows, **given}.values())


def _id(text: str) -> str:
    """Read the name of a secret; raise ``UsageError`` for one that has none."""
    members = dict(part.partition("=")[::2] for part in text.split(","))
    if not members.get("id"):
        raise UsageError(
            f"the secret {text.partition('=')[0]!r} has no id",
            hint="write --secret id=NAME,src=FILE",
        )
    return members["id"]
