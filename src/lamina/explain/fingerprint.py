"""Fingerprint: everything that the cache keys of a build's steps depend on, as a value and as JSON.

It is kept with the build, so that a later one can be compared with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lamina.errors import InputError
from lamina.explain.context import Context, context_from_text, context_to_text
from lamina.explain.place import Place
from lamina.history.codec import decode, encode

KIND: Final = "dockerfile"
_FORMAT: Final = 1
NO_CONTEXT: Final = Context()
NOWHERE: Final = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFound:
    """What is known of an image that a stage begins with.

    ``digest`` is its manifest's or config's, ``chain`` identifies its layers whatever its config
    says; each is empty where nobody said.
    """

    digest: str = ""
    chain: str = ""
    environment: tuple[str, ...] = ()
    directory: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One build's inputs.

    ``root`` is the context's folder as it is written, and ``place`` tells it from all others.
    ``arguments`` and ``options`` are the command line's.  ``contexts`` are named ones, ``bases``
    are by the reference that is written in the Dockerfile, or that its arguments make of it.
    ``merges`` says that the builder is known to merge layers, which one that is not may do or not.
    """

    dockerfile: str
    path: str = "Dockerfile"
    root: str = ""
    place: Place = NOWHERE
    target: str = ""
    platforms: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict, hash=False)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    context: Context = NO_CONTEXT
    contexts: Mapping[str, Context] = field(default_factory=dict, hash=False)
    bases: Mapping[str, BaseFound] = field(default_factory=dict, hash=False)
    engine: str = ""
    engine_platform: str = ""
    merges: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _ContextRow:
    text: str = ""
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A fingerprint with its contexts written small."""

    kind: str
    format: int
    dockerfile: str
    path: str = "Dockerfile"
    root: str = ""
    place: Place = NOWHERE
    target: str = ""
    platforms: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    context: _ContextRow = _ContextRow()
    contexts: Mapping[str, _ContextRow] = field(default_factory=dict)
    bases: Mapping[str, BaseFound] = field(default_factory=dict)
    engine: str = ""
    engine_platform: str = ""
    merges: bool = False


def fingerprint_to_json(found: Fingerprint) -> dict[str, Any]:
    """Write a fingerprint for ``BuildRecord.fingerprint``."""
    row = _Row(
        kind=KIND,
        format=_FORMAT,
        dockerfile=found.dockerfile,
        path=found.path,
        root=found.root,
        place=found.place,
        target=found.target,
        platforms=found.platforms,
        arguments=found.arguments,
        options=found.options,
        context=_small(found.context),
        contexts={name: _small(context) for name, context in found.contexts.items()},
        bases=found.bases,
        engine=found.engine,
        engine_platform=found.engine_platform,
        merges=found.merges,
    )
    members: dict[str, Any] = encode(row)
    return members


def fingerprint_from_json(value: object) -> Fingerprint | None:
    """Read a fingerprint; None where it is none of a Dockerfile, or of a newer Lamina."""
    if not isinstance(value, dict) or value.get("kind") != KIND or value.get("format") != _FORMAT:
        return None
    try:
        row = decode(_Row, value)
    except InputError:
        return None
    return Fingerprint(
        dockerfile=row.dockerfile,
        path=row.path,
        root=row.root,
        place=row.place,
        target=row.target,
        platforms=row.platforms,
        arguments=row.arguments,
        options=row.options,
        context=_large(row.context),
        contexts={name: _large(context) for name, context in row.contexts.items()},
        bases=row.bases,
        engine=row.engine,
        engine_platform=row.engine_platform,
        merges=row.merges,
    )


def _small(context: Context) -> _ContextRow:
    return _ContextRow(text=context_to_text(context), is_whole=context.is_whole)


def _large(row: _ContextRow) -> Context:
    return context_from_text(row.text, is_whole=row.is_whole)
