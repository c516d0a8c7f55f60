"""The build context as a value: what a builder sees of each file, and which files a step takes.

Times and owners are not in it, for no cache looks at them.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

_ROW: Final = re.compile(r"([fdlt])([0-7]+) (\d+) ([0-9a-f]*)(?:\+([0-9a-f]+))? (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file, folder, link, or the whole of a folder that was too large to be listed.

    ``kind`` is ``f``, ``d``, ``l`` or ``t``; ``mode`` the bits of permission; ``digest`` the start
    of a sha256, empty where it is not known, and of the target for a link; ``attributes`` that of
    the extended attributes.
    """

    path: str
    kind: str
    mode: int = 0
    size: int = 0
    digest: str = ""
    attributes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is sent to the builder, sorted by path; ``is_whole`` unless something was not read."""

    entries: tuple[Entry, ...] = ()
    is_whole: bool = True

    def selected(self, sources: Iterable[str], *, exclude: Sequence[str] = ()) -> tuple[Entry, ...]:
        """Return what the patterns of a COPY take, folders with all that is in them."""
        patterns = [_pattern(source) for source in sources]
        left_out = [_pattern(pattern) for pattern in exclude]
        takes_all = None in patterns
        found = [e for e in self.entries if takes_all or any(_takes(p, e.path) for p in patterns)]
        return tuple(e for e in found if not any(_takes(p, e.path) for p in left_out))


def context_to_text(context: Context) -> str:
    """Write a context as lines, which are smaller and sooner read than objects."""
    return "\n".join(_row(entry) for entry in context.entries)


def context_from_text(text: str, *, is_whole: bool = True) -> Context:
    """Read what ``context_to_text`` wrote; lines that it did not write are passed over."""
    entries = (_entry(line) for line in text.split("\n"))
    return Context(entries=tuple(filter(None, entries)), is_whole=is_whole)


@lru_cache(maxsize=1 << 15)  # the contexts of two builds have most of their lines in common
def _entry(line: str) -> Entry | None:
    row = _ROW.fullmatch(line)
    if row is None:
        return None
    return Entry(
        kind=row[1],
        mode=int(row[2], 8),
        size=int(row[3]),
        digest=row[4],
        attributes=row[5] or "",
        path=row[6].replace("\0", "\n"),
    )


def _row(entry: Entry) -> str:
    attributes = f"+{entry.attributes}" if entry.attributes else ""
    path = entry.path.replace("\n", "\0")  # no path has a NUL
    return f"{entry.kind}{entry.mode:o} {entry.size} {entry.digest}{attributes} {path}"


def folded(entries: Sequence[Entry], digest_of: Callable[[bytes], str]) -> tuple[Entry, ...]:
    """Put the files of each folder together, for contexts too large to be kept by file."""
    folders: dict[str, list[Entry]] = {}
    for entry in entries:
        folders.setdefault(posixpath.dirname(entry.path), []).append(entry)
    return tuple(_tree(path, rows, digest_of) for path, rows in sorted(folders.items()))


def _tree(path: str, rows: Sequence[Entry], digest_of: Callable[[bytes], str]) -> Entry:
    text = "\n".join(map(_row, rows))
    is_known = all(row.digest or row.kind == "d" for row in rows)
    return Entry(
        path=path,
        kind="t",
        size=sum(row.size for row in rows),
        digest=digest_of(text.encode(errors="surrogatepass")) if is_known else "",
    )


def clean(path: str) -> str:
    """Write a path of the context without ``./``, ``../`` and slashes at its ends.

    >>> clean("./src/"), clean("."), clean("/a/../b")
    ('src', '', 'b')
    """
    return posixpath.normpath(f"/{path}").lstrip("/")


def _takes(pattern: re.Pattern[str] | None, path: str) -> bool:
    return pattern is None or pattern.fullmatch(path) is not None


@cache
def _pattern(source: str) -> re.Pattern[str] | None:
    """Make the pattern of what a source takes; None takes everything."""
    path = clean(source)
    if not path:
        return None
    return re.compile(f"{''.join(_translated(path))}(?:/.*)?", re.DOTALL)


def _translated(path: str) -> Iterator[str]:
    """Translate Go's ``filepath.Match``, and ``**`` for the exclusions."""
    at = 0
    while at < len(path):
        char = path[at]
        end = path.find("]", at + 2)
        if path.startswith("**/", at):
            yield "(?:.*/)?"
            at += 2
        elif char == "*":
            yield "[^/]*"
        elif char == "?":
            yield "[^/]"
        elif char == "[" and end > 0:
            members = path[at + 1 : end].replace("\\", "").replace("[", r"\[")
            yield f"[{members}]" if _is_class(members) else re.escape(path[at : end + 1])
            at = end
        elif char == "\\" and at + 1 < len(path):
            at += 1
            yield re.escape(path[at])
        else:
            yield re.escape(char)
        at += 1


def _is_class(members: str) -> bool:
    try:
        re.compile(f"[{members}]")
    except re.error:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of a context is worth reading: what some patterns take."""

    sources: tuple[str, ...] = ("",)

    def takes(self, path: str) -> bool:
        """Say whether a path is taken."""
        return any(_takes(_pattern(source), path) for source in self.sources)

    def leads_to(self, folder: str) -> bool:
        """Say whether something below a folder may be taken."""
        return any(_leads(clean(source), folder) for source in self.sources)


def _leads(source: str, folder: str) -> bool:
    parts, wanted = folder.split("/"), source.split("/")
    pairs = zip(parts, wanted, strict=False)
    return not source or all(_takes(_pattern(want), part) for part, want in pairs)
