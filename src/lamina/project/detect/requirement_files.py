"""Requirements files beside the usual one: where they are, and what they include; pure."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Final

from lamina.project.detect.snapshot import Snapshot

_USES: Final = ("prod", "production", "main", "base")
PLACES: Final = tuple(
    place.format(use=use, end=end)
    for use in _USES
    for place in ("requirements/{use}.{end}", "requirements-{use}.{end}")
    for end in ("txt", "in")
)
"""What lists a program's dependencies where they are divided by use, the likeliest first."""

_ALIKE: Final = re.compile(
    r"([^/]*/)?(requirements/[^/]+|[^/]*require[^/]*|deps|dependencies)\.(txt|in)"
)
_INCLUDE: Final = re.compile(r"\s*(?:-r|--requirement)[\s=]\s*(\S+)")


def files_alike(paths: Iterable[str]) -> tuple[str, ...]:
    """Name what may be a requirements file, sorted.

    >>> files_alike(["main.py", "requirements/dev.txt", "deps.txt", "app/requirements.in"])
    ('app/requirements.in', 'deps.txt', 'requirements/dev.txt')
    """
    return tuple(sorted(path for path in paths if _ALIKE.fullmatch(path)))


def with_included(snapshot: Snapshot, path: str) -> str:
    """Return the text of a requirements file and of those that it includes with ``-r``."""
    return "\n".join(_texts(snapshot, path, set()))


def _texts(snapshot: Snapshot, path: str, seen: set[str]) -> Iterator[str]:
    if path in seen:
        return
    seen.add(path)
    text = snapshot.text(path)
    yield text
    for line in text.splitlines():
        if found := _INCLUDE.match(line):
            inner = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[1]))
            yield from _texts(snapshot, inner, seen)
