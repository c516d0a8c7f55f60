"""environment.yml of conda: what of it an index has, what Debian has, and what neither has; pure.

Ranges are conda's (its "Package match specifications"): ``a=1.2`` is any 1.2, ``a=1.2=build`` and
``a==1.2`` are 1.2 itself.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from lamina.errors import LockError
from lamina.lock.index_credentials import without_login

_SPEC: Final = re.compile(
    r"(?:(?P<channel>[^\s:]+)::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(?P<rest>.*)"
)
_RANGE: Final = re.compile(r"(==|!=|>=|<=|>|<|~=)[0-9][0-9A-Za-z.+!]*(?:\.\*)?")
_VERSION: Final = re.compile(r"[0-9][0-9A-Za-z.+!]*?(?P<any>\.?\*)?")
_MISSING: Final = re.compile(r"ecause (?:there are no versions of )?([\w.-]+?) was not found in")
_PUBLIC: Final = {"anaconda", "conda-forge", "defaults", "main", "nodefaults", "nvidia", "pytorch"}
_KEYS: Final = {"name", "channels", "dependencies", "variables", "prefix", "platforms"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What an environment.yml comes to.

    ``lines`` are those of a requirements file, ``same`` the names among them that are not in the
    table and are taken as they are.  ``python`` is a range, or empty.
    """

    lines: tuple[str, ...]
    same: tuple[str, ...] = ()
    system_packages: tuple[str, ...] = ()
    python: str = ""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    lines: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    system: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    python: str = ""


def read_environment(document: object, name: str) -> Environment:
    """Read the parsed file called ``name``.

    Raises ``LockError`` with every package that can be neither installed nor left out, and what to
    do about each.
    """
    rows = _mapping(document, name)
    found = _Found()
    for item in _list(rows, "dependencies", name):
        if isinstance(item, dict) and set(item) == {"pip"}:
            found.lines += [str(line) for line in _list(item, "pip", name)]
        elif isinstance(item, str):
            _take(item, found)
        else:
            found.problems.append(f"{str(item)[:80]!r} is not a package")
    if found.problems:
        raise LockError(
            f"{len(found.problems)} of the packages cannot be taken",
            where=name,
            problems=tuple(found.problems),
        )
    return Environment(
        lines=tuple(dict.fromkeys(found.lines)),
        same=tuple(dict.fromkeys(found.same)),
        system_packages=tuple(dict.fromkeys(found.system)),
        python=found.python,
        notes=tuple(_notes(rows, name)),
    )


def _take(text: str, found: _Found) -> None:
    match = _SPEC.fullmatch(text.strip())
    if match is None:
        found.problems.append(f"{text[:80]!r} is not a package")
        return
    known, name = _known(), match["name"].lower()
    try:
        range_ = _specifier(match["rest"])
    except LockError as error:
        found.problems.append(f"{name}: {error.what}")
        return
    if name == "python":
        found.python = re.sub(r"^==(3\.\d+)\..*", r"==\1.*", range_)  # the base has its own patch
    elif name in known["system-packages"]:
        found.system.append(known["system-packages"][name])
    elif name not in known["needless"]["names"]:
        _take_distribution(name, range_, found)


def _take_distribution(name: str, range_: str, found: _Found) -> None:
    known = _known()
    distribution = known["distributions"].get(name)
    if distribution is None:
        if problem := _refusal(name):
            found.problems.append(f"{name}: {problem}")
            return
        distribution = canonicalize_name(name)
        found.same.append(distribution)
    line = f"{distribution}{range_}"
    try:
        Requirement(line)
    except InvalidRequirement:
        found.problems.append(f"{name}: {range_!r} is not a range of versions")
    else:
        found.lines.append(line)


def _refusal(name: str) -> str:
    """Say why a name that is in no table cannot be that of a distribution."""
    if advice := _known()["refused"].get(name):
        return str(advice)
    if name.startswith("r-"):
        return "this is a package of R, and Lamina makes images for Python"
    if name.startswith("lib") or name.endswith(("_linux-64", "_linux-aarch64")):
        return "this is no Python; name its Debian package in system-packages and take the line out"
    return ""


def _specifier(rest: str) -> str:
    """Turn conda's range into Python's.

    >>> _specifier("=1.26"), _specifier("1.26.4 py311_0"), _specifier(">=1,<2")
    ('==1.26.*', '==1.26.4', '>=1,<2')
    """
    text = re.sub(r"\s*([<>=!~,|]+)\s*", r"\1", rest.strip())
    if not text or text == "*":
        return ""
    if text[0] in "<>!~" or text.startswith("=="):
        return _ranges(text)
    version, _, build = re.sub(r"[=\s]+", " ", text).strip().partition(" ")
    match = _VERSION.fullmatch(version)
    if match is None or "[" in text:
        raise LockError(f"{rest.strip()[:80]!r} is not a range that has a meaning for an index")
    if match["any"]:
        return f"=={version.removesuffix('*').removesuffix('.')}.*"
    is_fuzzy = text.startswith("=") and not build
    return f"=={version}.*" if is_fuzzy else f"=={version}"


def _ranges(text: str) -> str:
    whole, _, _ = text.partition(" ")  # a build may follow
    exact = re.fullmatch(r"(==[^=]+)=[^=]+", whole)
    whole = exact[1] if exact else whole
    parts = whole.split(",")
    if not all(_RANGE.fullmatch(part) for part in parts):
        raise LockError(f"{text[:80]!r} is not a range that has a meaning for an index")
    return ",".join(re.sub(r"^(>=|<=|>|<)(.+?)\.\*$", r"\1\2", part) for part in parts)


def _notes(rows: Mapping[str, Any], name: str) -> Iterator[str]:
    channels = (str(one) for one in _list(rows, "channels", name))
    private = [_shown(one) for one in channels if one not in _PUBLIC]
    if private:
        yield (
            f"nothing is taken from the channels {', '.join(private)}, but from the package index: "
            "look whether it has your packages, and not others of the same name"
        )
    if rows.get("variables"):
        yield "variables are for the image: write them into tool.lamina.environment"
    if unknown := [str(key) for key in rows if key not in _KEYS]:
        yield f"nothing is made of {', '.join(unknown)}"


def _shown(channel: str) -> str:
    """Write a channel without a password or a token, which is a part of its path.

    >>> _shown("https://me:secret@conda.example.org/t/tk-123/house")
    'https://conda.example.org/house'
    """
    return re.sub(r"/t/[^/]+(?=/|$)", "", without_login(channel))


def _mapping(document: object, name: str) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise LockError("expected a mapping with `dependencies`", where=name)
    return document


def missing_name(why: str) -> str:
    """Read from uv's words which distribution no index has; empty if that is not what they say.

    >>> missing_name("Because foo was not found in the package registry and you require foo")
    'foo'
    """
    match = _MISSING.search(" ".join(why.split()))
    return match[1] if match else ""


def without(lines: Iterable[str], *names: str) -> list[str]:
    """Leave out the requirements of the distributions called ``names``."""
    gone = set(map(canonicalize_name, names))
    return [line for line in lines if canonicalize_name(_name_of(line)) not in gone]


def _name_of(line: str) -> str:
    try:
        return Requirement(line).name
    except InvalidRequirement:  # an option of pip
        return line


def _list(rows: Mapping[str, Any], key: str, name: str) -> list[Any]:
    value = rows.get(key) or []
    if not isinstance(value, list):
        raise LockError(f"{key} is not a list", where=name)
    return value


@cache
def _known() -> Mapping[str, Any]:
    return tomllib.loads((files("lamina.lock") / "conda.toml").read_text("utf-8"))
