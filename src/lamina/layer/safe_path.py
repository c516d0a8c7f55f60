"""Which names may become paths in an image: a pure judgement over text."""

import re

from lamina.errors import ArchiveError

_LONGEST_PART = 255
_LONGEST_PATH = 4095
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@=-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+@=-]*)*")
"""What nearly all names look like, and what is plainly well; the rest is looked at closely."""


def safe_path(name: str, *, where: str) -> str:
    """Return ``name`` if it is a plain relative path that a layer can hold.

    Raises ``ArchiveError`` for absolute names, ``.`` and ``..``, backslashes, NUL and other control
    characters, names of OCI whiteouts (layer.md, "Whiteouts"), and parts or paths longer than Linux
    allows.
    """
    problem = "" if _PLAIN.fullmatch(name) and len(name) <= _LONGEST_PART else _problem(name)
    if problem:
        raise ArchiveError(
            f"the name {name[:200]!r} {problem}",
            where=where,
            hint="the file is malformed or hostile: report it to its publisher, or pin another",
        )
    return name


def _problem(name: str) -> str:
    encoded = name.encode("utf-8", "surrogateescape")
    if not name or name.startswith("/") or (name[1:2] == ":" and name[0].isalpha()):
        return "is empty or absolute"
    if "\\" in name or any(char < " " or char == "\x7f" for char in name):
        return "holds a backslash or a control character"
    if len(encoded) > _LONGEST_PATH:
        return f"is longer than {_LONGEST_PATH} bytes"
    return next((problem for part in name.split("/") if (problem := _part_problem(part))), "")


def _part_problem(part: str) -> str:
    if part in {"", ".", ".."}:
        return "has an empty part, '.' or '..'"
    if part.startswith(".wh."):
        return "is that of an OCI whiteout, which deletes files"
    if len(part.encode("utf-8", "surrogateescape")) > _LONGEST_PART:
        return f"has a part longer than {_LONGEST_PART} bytes"
    return ""
