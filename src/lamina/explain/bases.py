"""What is known of base images: from a build's own log, and from an engine that holds them."""

import json
import re
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from lamina.explain.fingerprint import BaseFound, Fingerprint
from lamina.history.record import BuildRecord, StepKind
from lamina.trace.hidden import hidden

_FROM: Final = re.compile(r"\[[^\]]*\] FROM (\S+?)(?:@(sha256:[0-9a-f]{64}))?")


def with_bases(found: Fingerprint, record: BuildRecord) -> Fingerprint:
    """Add the digests of base images that the build's own log names."""
    known = dict(found.bases)
    for step in record.steps:
        match = _FROM.fullmatch(step.name)
        if match and match[2]:
            for name in _spellings(match[1]):
                known.setdefault(name, BaseFound(digest=match[2]))
    return replace(found, bases=known)


def merges(*records: BuildRecord) -> bool:
    """Say whether a builder is known to merge layers: it reports a step more for ``--link``."""
    return any(step.kind is StepKind.LINK for record in records for step in record.steps)


def base_from_inspect(text: str) -> BaseFound | None:
    """Read what ``docker image inspect`` prints of an image; None where it is none."""
    try:
        rows = json.loads(text)
        row: Any = rows[0] if isinstance(rows, list) else rows
        config = row.get("Config") or {}
        layers = row["RootFS"]["Layers"]
        return BaseFound(
            digest=str(row["Id"]),
            chain=sha256("\n".join(layers).encode()).hexdigest()[:16],
            environment=tuple(hidden(str(text)) for text in config.get("Env") or ()),
            directory=str(config.get("WorkingDir") or ""),
            user=str(config.get("User") or ""),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return None


def _spellings(name: str) -> tuple[str, ...]:
    """Return how an image may be written whose full name this is."""
    short = name.removeprefix("docker.io/").removeprefix("library/")
    plain = short.removesuffix(":latest")
    return tuple(dict.fromkeys((name, name.removeprefix("docker.io/"), short, plain)))
