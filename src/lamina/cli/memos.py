"""Which repositories' memos a build reads and writes."""

import argparse
import os
from collections.abc import Mapping, Sequence

from lamina.cli.registries import OpenClient
from lamina.errors import UsageError
from lamina.layer.memo import Memo, NoMemo
from lamina.oci.reference import Reference
from lamina.registry.client import RegistryClient

_SHORTEST_KEY = 16
_VARIABLE = "LAMINA_MEMO_KEY"


def add_memo_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe where layers are remembered besides the repositories that are pushed to."""
    parser.add_argument(
        "--cache-from", action="append", default=[], metavar="REPOSITORY",
        help="also look there for layers that need not be made; needs LAMINA_MEMO_KEY",
    )  # fmt: skip
    parser.add_argument(
        "--cache-to", action="append", default=[], metavar="REPOSITORY",
        help="also keep layers there, and what is known of them; needs LAMINA_MEMO_KEY",
    )  # fmt: skip


def open_memo(  # noqa: PLR0913 - who asks, and for what
    pushed: Sequence[Reference],
    *,
    cache_from: Sequence[str],
    cache_to: Sequence[str],
    variables: Mapping[str, str],
    open_client: OpenClient,
    is_fresh: bool = False,
) -> Memo:
    """Make the memo of a build that pushes to ``pushed``; one that remembers nothing without key.

    ``is_fresh`` reads none.  Raises ``UsageError`` for a key that is too short, or for places to
    look without a key.
    """
    sources, copies = _repositories(cache_from), _repositories(cache_to)
    key = os.fsencode(variables.get(_VARIABLE, "").strip())
    if not key:
        _refuse_places([*cache_from, *cache_to])
        return NoMemo()
    if len(key) < _SHORTEST_KEY:
        raise UsageError(
            f"{_VARIABLE} has {len(key)} characters, which others could guess",
            hint="make one with `openssl rand -hex 32`, and keep it where CI keeps secrets",
        )
    targets = {_repository(reference): reference for reference in pushed}
    if not {**sources, **copies, **targets}:
        return NoMemo()
    from lamina.registry.memo import RegistryMemo  # noqa: PLC0415 - seldom needed

    def opener(reference: Reference) -> "_Opener":
        return _Opener(open_client, reference, pushed)

    readable = {} if is_fresh else {**targets, **sources, **copies}
    return RegistryMemo(
        key,
        sources={name: opener(reference) for name, reference in readable.items()},
        targets={name: opener(reference) for name, reference in targets.items()},
        copies={name: opener(reference) for name, reference in copies.items()},
    )


class _Opener:
    """Opens a repository, to which blobs may come from those that are pushed to."""

    def __init__(
        self, open_client: OpenClient, reference: Reference, pushed: Sequence[Reference]
    ) -> None:
        self._open_client = open_client
        self._reference = reference
        self._pushed = pushed

    def __call__(self) -> RegistryClient:
        return self._open_client(self._reference, mounts=self._pushed)


def cache_references(texts: Sequence[str]) -> tuple[Reference, ...]:
    """Read the repositories of ``--cache-from`` or ``--cache-to``."""
    return tuple(_repositories(texts).values())


def _repositories(texts: Sequence[str]) -> dict[str, Reference]:
    found = [_named(text) for text in texts]
    return {_repository(reference): reference for reference in found}


def _named(text: str) -> Reference:
    reference = Reference.parse(text)
    if ":" in text.rpartition("/")[2]:
        raise UsageError(
            f"{text!r} has a tag or digest, and the memo has its own tag",
            hint=f"write the repository alone: {_repository(reference)}",
        )
    return reference


def _repository(reference: Reference) -> str:
    registry = f"{reference.registry}/" if reference.registry else ""
    return f"{registry}{reference.repository}"


def _refuse_places(texts: Sequence[str]) -> None:
    if texts:
        raise UsageError(
            f"{texts[0]} is not looked into without a key: whoever can push there could put "
            "anything into the image",
            hint=f"set {_VARIABLE} to a secret that those share who build",
        )
