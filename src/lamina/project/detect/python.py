"""Which Python a project wants, and which base carries it; pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lamina.project.detect.guess import Guess
from lamina.project.detect.snapshot import Snapshot

_ASSEMBLED: Final[Mapping[str, str]] = {"3.11": "debian:bookworm", "3.13": "debian:trixie"}
_OTHERS: Final = ("3.12", "3.14", "3.10", "3.9")
_MINOR: Final = re.compile(r"(?:python-|cpython-)?(3\.\d+)(?:\.\d+)?")
_FROM: Final = re.compile(r"^FROM\s+(?:\S+/)?python:(3\.\d+)", re.MULTILINE | re.IGNORECASE)
_CARET: Final = re.compile(r"\^(\d+)((?:\.\d+)*)")
_TILDE: Final = re.compile(r"~(\d+\.\d+)(?:\.\d+)?")


def find_python(snapshot: Snapshot) -> Guess[str]:
    """Choose a minor version: one that is pinned, else the first that fits and has a base."""
    for version, why in _pins(snapshot):
        if match := _MINOR.fullmatch(version.strip()):
            return Guess(value=match[1], why=why)
    for text, why in _ranges(snapshot):
        specifiers = _specifiers(text)
        if specifiers is None:
            continue
        for minor in (*_ASSEMBLED, *_OTHERS):
            # A range may begin with a patch release, so look at the last one of the series.
            if specifiers.contains(f"{minor}.99") or specifiers.contains(f"{minor}.0"):
                return Guess(value=minor, why=f"{why} {text}")
    return Guess(value="3.11", why="nothing asks for another")


def find_base(python: str) -> Guess[str]:
    """Choose the base that carries ``python``; an assembled one needs no registry."""
    if base := _ASSEMBLED.get(python):
        return Guess(value=base, why=f"its Python is {python}, and it needs no registry")
    return Guess(value=f"python:{python}-slim", why=f"no Debian suite carries Python {python}")


def _pins(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for name in (".python-version", "runtime.txt"):
        if lines := snapshot.text(name).split():
            yield lines[0], f"{name} says {lines[0]}"
    requires = snapshot.toml("Pipfile").get("requires")
    version = requires.get("python_version", "") if isinstance(requires, dict) else ""
    yield str(version), f"Pipfile requires {version}"
    for path in ("docker/Dockerfile", "Dockerfile"):
        # A range decides more than the Dockerfile of a project that has one.
        if not any(True for _ in _ranges(snapshot)):
            yield from (
                (v, f"{path} is FROM python:{v}") for v in _FROM.findall(snapshot.text(path))
            )


def _ranges(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    document = snapshot.toml("pyproject.toml")
    if text := _text(document, "project", "requires-python"):
        yield text, "requires-python is"
    if text := _text(document, "tool", "poetry", "dependencies", "python"):
        yield text, "Poetry's python is"
    match = re.search(r"^python_requires\s*=\s*(.+)$", snapshot.text("setup.cfg"), re.MULTILINE)
    if match:
        yield match[1].strip(), "setup.cfg's python_requires is"
    match = re.search(r"python_requires\s*=\s*[\"']([^\"']+)[\"']", snapshot.text("setup.py"))
    if match:
        yield match[1], "setup.py's python_requires is"


def _text(document: Mapping[str, Any], *names: str) -> str:
    value: object = document
    for name in names:
        value = value.get(name, "") if isinstance(value, dict) else ""
    return value if isinstance(value, str) else ""


def _specifiers(text: str) -> SpecifierSet | None:
    """Read a range, in Poetry's notation as well; None for what is neither."""
    text = _CARET.sub(lambda m: f">={m[1]}{m[2]},<{int(m[1]) + 1}", text)
    text = _TILDE.sub(r"==\1.*", text) if "~=" not in text else text
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None
