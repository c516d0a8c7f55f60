"""Junk: classes of files that an image mostly works without, and what it risks to leave them out.

A class is known by paths alone.  That nothing at run time reads a file is a judgement: what a class
risks is said with it, and nothing is removed here.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

_SITE: Final = r"(?:site|dist)-packages/"
_CACHE: Final = r"(?:.*/)?\.cache/"


@dataclass(frozen=True, slots=True, kw_only=True)
class JunkClass:
    """A kind of junk; ``remedy`` is how an image is made without it."""

    name: str
    pattern: re.Pattern[str]
    remedy: str
    risk: str = "none"


def _class(name: str, pattern: str, remedy: str, risk: str = "none") -> JunkClass:
    return JunkClass(name=name, pattern=re.compile(pattern), remedy=remedy, risk=risk)


BYTECODE: Final = "bytecode"
CLASSES: Final = (
    _class("pip cache", rf"{_CACHE}pip/", "pip install --no-cache-dir, or a cache mount"),
    _class(
        "uv, poetry and conda caches",
        rf"{_CACHE}(?:uv|pypoetry|pdm|pre-commit)/|(?:.*/)?(?:conda|miniconda3?|mambaforge)/pkgs/",
        "a cache mount, uv --no-cache, conda clean -afy",
    ),
    _class("apt lists", r"var/lib/apt/lists/.", "rm -rf /var/lib/apt/lists/* in the same RUN"),
    _class("apt archives", r"var/cache/apt/", "apt-get clean in the same RUN, or a cache mount"),
    _class(
        "logs and leftovers",
        r"var/log/|(?:var/)?tmp/|var/cache/(?:debconf|ldconfig|man|fontconfig)/|var/.*-old$",
        "remove them in the RUN that writes them",
    ),
    _class(
        "tool caches",
        r"(?:.*/)?(?:\.pytest_cache|\.mypy_cache|\.ruff_cache|\.tox|\.nox|\.git|\.hg)/",
        "list them in .dockerignore",
    ),
    _class(
        BYTECODE,
        r".*\.py[co]$",
        "pip install --no-compile",
        "modules are compiled at each start, where they cannot be kept",
    ),
    _class(
        "tests",
        rf"(?:.*/)?{_SITE}(?:.*/)?tests?/|(?:.*/)?lib/python3\.[0-9]+/(?:test|idlelib/idle_test)/",
        "remove them in the RUN that installs them",
        "a few packages import their own tests",
    ),
    _class(
        "headers",
        r"(?:.*/)?include/.*|.*\.(?:h|hh|hpp|hxx|cuh|pxd)$",
        "install -dev packages in a builder stage alone",
        "extensions cannot be compiled in the image",
    ),
    _class(
        "static libraries",
        r".*\.(?:a|lib|la)$",
        "install -dev packages in a builder stage alone",
        "extensions cannot be linked in the image",
    ),
    _class(
        "documentation",
        r"usr/(?:local/)?share/(?:doc|man|info|lintian|doc-base|gtk-doc)/",
        "dpkg's path-exclude, or a slim base",
        "licence texts are among it",
    ),
    _class(
        "debug symbols",
        r"(?:usr/)?lib/debug/|.*\.(?:debug|dwo|dwp|pdb)$",
        "strip, or leave -dbg packages out",
        "debuggers show no names",
    ),
)

_NAMED: Final = [(junk.name, junk.pattern) for junk in CLASSES]


def junk_class(path: str, live: Collection[str] | Callable[[str], bool]) -> str:
    """Name the class that ``path`` belongs to, empty for none.

    ``live`` knows all paths: bytecode is junk only beside its source.
    """
    for name, pattern in _NAMED:
        if pattern.match(path):
            return "" if name == BYTECODE and not _has_source(path, live) else name
    return ""


def source_of(path: str) -> str:
    """Return the module that bytecode was compiled from (PEP 3147), as a path.

    >>> source_of("a/__pycache__/b.cpython-311.pyc")
    'a/b.py'
    """
    folder, _, name = path.rpartition("/")
    if folder.rpartition("/")[2] != "__pycache__":
        return f"{path[:-1]}"
    outer = folder.rpartition("/")[0]
    return f"{outer}/{name.partition('.')[0]}.py" if outer else f"{name.partition('.')[0]}.py"


def _has_source(path: str, live: Collection[str] | Callable[[str], bool]) -> bool:
    source = source_of(path)
    return live(source) if callable(live) else source in live
