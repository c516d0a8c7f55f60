"""Collect: a build that was asked for, and the disk → its fingerprint."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from lamina.dockerfile.parse import parse
from lamina.errors import InputError
from lamina.explain.asked import Asked
from lamina.explain.context import Context, Selection, folded
from lamina.explain.dull import kept
from lamina.explain.fingerprint import Fingerprint
from lamina.explain.model import wanted_paths
from lamina.explain.place import place_of
from lamina.explain.stat_cache import StatCache, short_digest
from lamina.explain.walk import read_rules, walk
from lamina.trace.hidden import hidden

BUDGET_S: Final = 5.0
"""How long a build may have to wait for its context to be read."""

_MOST_ENTRIES: Final = 20_000
_NAMES: Final = ("Dockerfile", "dockerfile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Where a build is started: its folder, its environment, where digests are remembered."""

    folder: Path
    environment: Mapping[str, str]
    memory: Path | None
    clock: Callable[[], float]
    budget_s: float = BUDGET_S


def collect(asked: Asked, around: Around) -> Fingerprint | None:
    """Read what the build depends on; None where that is not on this disk.  Never raises.

    Of values of arguments that are not dull, and of secrets in other texts, a few digits of a
    digest are kept.
    """
    root = around.folder / asked.context
    if not asked.context or asked.context == "-" or not _is_folder(root):
        return None
    path = _dockerfile(asked, around.folder, root)
    text = _read(path) if path else None
    if path is None or text is None:
        return None
    return Fingerprint(
        dockerfile=hidden(text),
        path=_shown(path, around.folder),
        root=_shown(root, around.folder),
        place=place_of(root),
        target=asked.target,
        platforms=asked.platforms,
        arguments=_arguments(asked, around.environment),
        options={name: tuple(map(hidden, values)) for name, values in asked.options.items()},
        context=_context(root, path, text, around),
        contexts={
            name: _whole(around.folder / place, around)
            for name, place in asked.contexts.items()
            if _is_folder(around.folder / place)
        },
    )


def _dockerfile(asked: Asked, folder: Path, root: Path) -> Path | None:
    if asked.dockerfile == "-":
        return None
    if asked.dockerfile:
        return folder / asked.dockerfile
    return next((root / name for name in _NAMES if (root / name).exists()), None)


def _arguments(asked: Asked, environment: Mapping[str, str]) -> dict[str, str]:
    given = dict(asked.arguments)
    given.setdefault("SOURCE_DATE_EPOCH", None)  # buildx passes it on by itself
    found = {name: environment.get(name) if v is None else v for name, v in given.items()}
    return {name: kept(name, value) for name, value in found.items() if value is not None}


def _context(root: Path, dockerfile: Path, text: str, around: Around) -> Context:
    try:
        sources = wanted_paths(parse(text))
    except InputError:
        return Context(is_whole=False)
    if not sources:
        return Context()
    return _limited(_walked(root, dockerfile, Selection(sources=sources), around))


def _whole(root: Path, around: Around) -> Context:
    return _limited(_walked(root, root / "Dockerfile", Selection(), around))


def _walked(root: Path, dockerfile: Path, selection: Selection, around: Around) -> Context:
    began = around.clock()
    place = sha256(str(root.absolute()).encode(errors="surrogatepass")).hexdigest()[:16]
    memory = around.memory / f"{place}.json" if around.memory else None
    return walk(
        root,
        read_rules(root, dockerfile),
        StatCache(memory, now=began),
        lambda: around.clock() - began > around.budget_s,
        selection,
    )


def _limited(context: Context) -> Context:
    if len(context.entries) <= _MOST_ENTRIES:
        return context
    return Context(entries=folded(context.entries, short_digest), is_whole=False)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return None


def _shown(path: Path, folder: Path) -> str:
    """Write a path as the user would: no folder of this machine goes into a team's history."""
    try:
        return path.absolute().relative_to(folder.absolute()).as_posix()
    except ValueError:
        return posixpath.join("…", path.name)
