"""Changes to the list of a project's dependencies, line by line, so that all else stays; pure."""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from lamina.errors import ProjectError


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What takes a requirement's place; nothing for an empty ``new``.

    With a ``machine`` (``x86_64``) it does so only there, and what was there stays for the others.
    """

    new: str = ""
    machine: str = ""


Changes = Mapping[str, Change]
"""By the normalized name of what is changed."""

_TABLE: Final = re.compile(r"\s*\[(?P<name>[^\]\n]+)\]\s*(#.*)?")
_START: Final = re.compile(r"\s*dependencies\s*=\s*\[")
_COMMENT: Final = re.compile(r"(^|\s)#.*$")
_LAST_COMMENT: Final = re.compile(r"[ \t]{0,40}(?:(?<=\s)|^)#.*$")
_OPTION: Final = re.compile(r"\s--?\w.*$")
_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_REST: Final = re.compile(r"\s*,?[ \t]*")


def changed(text: str, changes: Changes, *, is_toml: bool) -> str:
    """Return a requirements file, or a pyproject.toml, with some requirements changed.

    Markers stay.  Raises ``ProjectError`` where the file is written in a way that is not understood
    here.
    """
    lines = text.splitlines(keepends=True)
    if not is_toml:
        return "".join(_requirements_line(line, changes) for line in _joined(lines))
    new = "".join(_pyproject_lines(lines, changes))
    if _listed(new) != _expected(text, changes):
        raise ProjectError(
            "the dependencies are written in a way that cannot be changed here",
            where="pyproject.toml, project.dependencies",
            hint="write one dependency a line, or make the change by hand",
        )
    return new


def unified_diff(old: str, new: str, *, name: str) -> str:
    """Compare two texts of the file called ``name``, as ``patch -p1`` reads it."""
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    ended = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
             for line in lines)  # fmt: skip
    return "".join(ended)


def bare(line: str) -> str:
    """Strip a line of comment, options and continuation."""
    return _OPTION.sub("", _COMMENT.sub("", line.rstrip("\r\n").rstrip("\\"))).strip()


def requirement_of(text: str) -> Requirement | None:
    """Parse a requirement; None for options, and for what is none."""
    try:
        return Requirement(text) if text and not text.startswith("-") else None
    except (InvalidRequirement, RecursionError):
        return None


def _joined(lines: list[str]) -> Iterator[str]:
    """Put lines together that a backslash continues: hashes belong to what they are hashes of."""
    pending = ""
    for line in lines:
        pending += line
        if not line.rstrip("\r\n").endswith("\\"):
            yield pending
            pending = ""
    if pending:
        yield pending


def _requirements_line(line: str, changes: Changes) -> str:
    first = line.splitlines(keepends=True)[0]
    old = bare(first)
    requirement = requirement_of(old)
    if requirement is None or (name := _name(requirement)) not in changes:
        return line
    start, _, rest = first.rstrip("\r\n").rstrip("\\").partition(old)
    comment = _LAST_COMMENT.search(rest)  # options are left out: a hash is that of the old one
    kept = comment[0].rstrip() if comment else ""
    texts = _texts(changes[name], requirement)
    return "".join(f"{start}{text}{kept}{_end(first)}" for text in texts)


def _pyproject_lines(lines: list[str], changes: Changes) -> Iterator[str]:
    """Change the lines of ``dependencies`` in ``[project]``, and pass the others on."""
    table, is_inside = "", False
    for line in lines:
        if not is_inside and (match := _TABLE.fullmatch(line.rstrip("\r\n"))):
            table = match["name"].strip()
        starts = table == "project" and _START.match(line) is not None
        is_inside = is_inside or starts
        yield _array_line(line, changes) if is_inside else line
        if is_inside and "]" in _STRING.sub("", line).partition("#")[0]:
            is_inside = False


def _array_line(line: str, changes: Changes) -> str:
    position, parts, is_changed = 0, [], False
    for match in _STRING.finditer(line):
        if "#" in _STRING.sub("", line[: match.start()]):
            break  # the rest is a comment
        is_first = not line[: match.start()].strip()
        between = f",{_end(line)}{line[: match.start()]}" if is_first else ", "
        new = between.join(_new_strings(match[0], changes))
        parts += [line[position : match.start()], new]
        is_changed = is_changed or new != match[0]
        rest = _REST.match(line, match.end())
        position = rest.end() if rest and not new else match.end()
    result = "".join([*parts, line[position:]])
    is_empty = not result.partition("#")[0].strip()
    return "" if is_changed and is_empty else result


def _new_strings(string: str, changes: Changes) -> tuple[str, ...]:
    """Change one quoted requirement; nothing is left of one that is taken out."""
    quote = string[0]
    requirement = requirement_of(string[1:-1])
    if requirement is None or (name := _name(requirement)) not in changes:
        return (string,)
    other = "'" if quote == '"' else '"'
    texts = _texts(changes[name], requirement)
    return tuple(f"{quote}{text.replace(quote, other)}{quote}" for text in texts)


def _expected(text: str, changes: Changes) -> list[str] | None:
    """Say what the list should be afterwards, from how a TOML parser reads it now."""
    before = _listed(text)
    if before is None:
        return None
    after: list[str] = []
    for old in before:
        requirement = requirement_of(old)
        if requirement is None or (name := _name(requirement)) not in changes:
            after.append(old)
        else:
            after += map(_normal, _texts(changes[name], requirement))
    return after


def _listed(text: str) -> list[str] | None:
    try:
        listed: Any = tomllib.loads(text)["project"]["dependencies"]
        return [_normal(item) for item in listed]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _normal(text: str) -> str:
    requirement = requirement_of(text)
    return text if requirement is None else str(requirement)


def _texts(change: Change, old: Requirement) -> tuple[str, ...]:
    """Write what stands there afterwards."""
    if not change.new:
        return ()
    new = _with_extras(change.new, old)
    if not change.machine:
        return (_marked(new, old.marker),)
    kept = Requirement(str(old))
    kept.marker = None
    here, elsewhere = (f"platform_machine {sign} '{change.machine}'" for sign in ("==", "!="))
    return (
        _marked(new, old.marker, here),
        _marked(str(kept), old.marker, elsewhere),
    )


def _with_extras(text: str, old: Requirement) -> str:
    """Ask for the extras that the old one was asked for."""
    new = requirement_of(text)
    if new is None or not old.extras:
        return text
    new.extras |= old.extras
    return str(new)


def _marked(text: str, *markers: Marker | str | None) -> str:
    conditions = [str(marker) for marker in markers if marker is not None]
    joined = " and ".join(f"({c})" if " or " in c else c for c in conditions)
    return f"{text}; {joined}" if joined else text


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :] or "\n"


def _name(requirement: Requirement) -> str:
    return str(canonicalize_name(requirement.name))
