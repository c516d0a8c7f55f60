"""Links that update-alternatives would have made, read from the text of postinst scripts."""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lamina.oci.entry import Entry

_INSTALL = 4  # LINK NAME PATH PRIORITY
_SLAVE = 3  # LINK NAME PATH

# Scripts that compute what they install: package pattern, link, path pattern.
_COMPUTED = (
    (r"openjdk-\d+-jre-headless", "usr/bin/java", "usr/lib/jvm/*/bin/java"),
    *(
        (r"imagemagick-6\.q16", f"usr/bin/{name}", f"usr/bin/{name}-im6.q16")
        for name in ("compare", "composite", "convert", "identify", "mogrify", "montage")
    ),
    (r"procps", "usr/bin/w", "usr/bin/w.procps"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One choice for a link; ``link`` and ``path`` relative to the root, a higher priority wins."""

    name: str
    link: str
    path: str
    priority: int


def alternatives_in(script: str) -> Iterator[Alternative]:
    """Yield the calls of update-alternatives whose arguments are literal."""
    for line in re.sub(r"\\\n", " ", script).splitlines():
        if "update-alternatives" not in line or "--install" not in line:
            continue
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        yield from _calls(words)


def computed_alternatives(package: str, paths: Iterable[str]) -> Iterator[Alternative]:
    """Yield the known links that scripts of ``package`` compute, where the ``paths`` exist."""
    rules = [(link, path) for name, link, path in _COMPUTED if re.fullmatch(name, package)]
    for link, pattern in rules:
        found = sorted(path for path in paths if fnmatchcase(path, pattern))
        if found:
            name = link.rpartition("/")[2]
            yield Alternative(name=name, link=link, path=found[-1], priority=0)


def links(found: Iterable[Alternative], *, exists: Callable[[str], bool]) -> list[Entry]:
    """Return the links of the best alternative of each name whose path exists, sorted by path."""
    best: dict[str, Alternative] = {}
    for one in found:
        held = best.get(one.name)
        if exists(one.path) and (held is None or one.priority > held.priority):
            best[one.name] = one
    entries = []
    for one in best.values():
        middle = f"etc/alternatives/{one.name}"
        entries.append(Entry(path=middle, kind="symlink", mode=0o777, target=f"/{one.path}"))
        if not exists(one.link):
            entries.append(Entry(path=one.link, kind="symlink", mode=0o777, target=f"/{middle}"))
    return sorted(entries, key=lambda entry: entry.path)


def _calls(words: list[str]) -> Iterator[Alternative]:
    start = words.index("--install") + 1 if "--install" in words else len(words)
    head = words[start : start + _INSTALL]
    if len(head) < _INSTALL or not head[3].isdecimal() or not _literal(head):
        return
    priority = int(head[3][:9])
    yield _alternative(head, priority)
    rest = words[start + _INSTALL :]
    for position, word in enumerate(rest):
        slave = rest[position + 1 : position + 1 + _SLAVE]
        if word == "--slave" and len(slave) == _SLAVE and _literal(slave):
            yield _alternative(slave, priority)


def _literal(words: list[str]) -> bool:
    return (
        not any(character in word for word in words for character in "$`*?")
        and words[0].startswith("/")
        and words[2].startswith("/")
        and "/" not in words[1]
        and not any(part in {".", ".."} for word in words for part in word.split("/"))
    )


def _alternative(words: list[str], priority: int) -> Alternative:
    link, name, path = words[:_SLAVE]
    return Alternative(name=name, link=link.strip("/"), path=path.strip("/"), priority=priority)
