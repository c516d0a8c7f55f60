"""The programs that talk to BuildKit, and what they are told; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Program = Literal["buildx", "buildctl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program that reaches a builder.

    ``words`` start it; ``builder`` is a name for buildx, an address for buildctl, and empty for
    whatever the program chooses by itself.
    """

    program: Program
    words: tuple[str, ...]
    builder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user asks of BuildKit, passed on as it is.

    ``secrets`` are ``id=NAME,src=FILE``, ``caches_from`` and ``caches_to`` are
    ``type=registry,ref=REF``; of a bare reference a registry's cache is made.
    """

    secrets: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    caches_from: tuple[str, ...] = ()
    caches_to: tuple[str, ...] = ()
    network: str = ""
    pulls: bool = False
    no_cache: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One build: folders on this machine, and where the OCI layout goes.

    ``contexts`` replace stages by folders.
    """

    dockerfile: Path
    context: Path
    layout: Path
    platform: str
    contexts: Mapping[str, Path] = field(default_factory=dict, hash=False)
    wishes: Wishes = Wishes()


def command(client: Client, request: Request) -> tuple[str, ...]:
    """Write the command line.

    SOURCE_DATE_EPOCH as a build argument is part of every key in the cache, so it is always the
    same, whatever moment the user chose for the image.
    """
    made = _buildx(client, request) if client.program == "buildx" else _buildctl(client, request)
    return (*client.words, *made)


def cache_words(text: str, *, is_export: bool) -> str:
    """Read what ``--cache-from`` and ``--cache-to`` were given: BuildKit's words, or a reference.

    Without ``mode=max`` the stages that install would be missing, and a source edit would run
    them all again.

    >>> cache_words("localhost:5000/cache:main", is_export=True)
    'type=registry,ref=localhost:5000/cache:main,mode=max'
    """
    words = text if "type=" in text else f"type=registry,ref={text}"
    is_complete = not is_export or "mode=" in words or "type=inline" in words
    return words if is_complete else f"{words},mode=max"


def _output(request: Request) -> str:
    return f"type=oci,tar=false,dest={request.layout}"


def _arguments(request: Request) -> Sequence[str]:
    return ("SOURCE_DATE_EPOCH=0", *request.wishes.arguments)


def _buildx(client: Client, request: Request) -> list[str]:
    wishes = request.wishes
    words = ["buildx", "build", "--progress", "rawjson", "--provenance=false", "--sbom=false",
             "--file", str(request.dockerfile), "--platform", request.platform,
             "--output", _output(request)]  # fmt: skip
    words += ["--builder", client.builder] if client.builder else []
    words += _each("--build-context", (f"{n}={p}" for n, p in request.contexts.items()))
    words += _each("--build-arg", _arguments(request))
    words += _each("--secret", wishes.secrets)
    words += _each("--cache-from", (cache_words(t, is_export=False) for t in wishes.caches_from))
    words += _each("--cache-to", (cache_words(t, is_export=True) for t in wishes.caches_to))
    words += ["--network", wishes.network] if wishes.network else []
    words += ["--pull"] if wishes.pulls else []
    words += ["--no-cache"] if wishes.no_cache else []
    return [*words, str(request.context)]


def _buildctl(client: Client, request: Request) -> list[str]:
    wishes = request.wishes
    words = [*(["--addr", client.builder] if client.builder else []),
             "build", "--progress", "rawjson", "--frontend", "dockerfile.v0",
             "--local", f"context={request.context}",
             "--local", f"dockerfile={request.dockerfile.parent}",
             "--opt", f"filename={request.dockerfile.name}",
             "--opt", f"platform={request.platform}",
             "--output", _output(request)]  # fmt: skip
    for name, path in request.contexts.items():
        words += ["--local", f"{name}={path}", "--opt", f"context:{name}=local:{name}"]
    words += _each("--opt", (f"build-arg:{text}" for text in _arguments(request)))
    words += _each("--secret", wishes.secrets)
    words += _each("--import-cache", (cache_words(t, is_export=False) for t in wishes.caches_from))
    words += _each("--export-cache", (cache_words(t, is_export=True) for t in wishes.caches_to))
    if wishes.network == "host":
        words += ["--allow", "network.host"]
    words += ["--opt", f"force-network-mode={wishes.network}"] if wishes.network else []
    words += ["--opt", "image-resolve-mode=pull"] if wishes.pulls else []
    return [*words, *(["--no-cache"] if wishes.no_cache else [])]


def _each(flag: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]
