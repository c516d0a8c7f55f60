"""A requirements file as values: enough of pip's format to judge whether it is a lock."""

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from lamina.errors import LockError

_HASH = re.compile(r"\s--hash[= ](\S+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_GOOD_HASH = re.compile(r"sha(256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})")
_INDEX_OPTIONS = ("--index-url", "-i ", "--extra-index-url", "--find-links", "-f ", "--no-index",
                  "--only-binary", "--no-binary", "--prefer-binary", "--require-hashes", "--pre",
                  "--trusted-host")  # fmt: skip
_LARGEST_FILE = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedRequirement:
    """One line of the file; ``hashes`` are ``sha256:…`` texts."""

    requirement: Requirement
    hashes: tuple[str, ...]
    line: int

    @property
    def is_pinned(self) -> bool:
        """The line names one version (or one address) and its hashes."""
        specifiers = tuple(self.requirement.specifier)
        exact = len(specifiers) == 1 and specifiers[0].operator in {"==", "==="}
        exact = exact and not specifiers[0].version.endswith(".*")
        return bool(self.hashes) and (exact or self.requirement.url is not None)


def read_requirements(path: Path) -> tuple[PinnedRequirement, ...]:
    """Read a requirements file.

    Index options are left to uv, which reads the same file.  Raises ``LockError`` with every
    line that cannot be understood.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LockError(f"cannot read: {error.strerror}", where=str(path)) from error
    if len(data) > _LARGEST_FILE:
        raise LockError(f"the file is larger than {_LARGEST_FILE} bytes", where=str(path))
    return parse_requirements(data, name=path.name)


def parse_requirements(data: bytes, *, name: str) -> tuple[PinnedRequirement, ...]:
    """Parse the bytes of a requirements file called ``name``; see :func:`read_requirements`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LockError("the file is not UTF-8", where=f"{name}, byte {error.start}") from error
    found: list[PinnedRequirement] = []
    problems: list[str] = []
    for number, line in _logical_lines(text):
        if line.startswith(_INDEX_OPTIONS):
            continue
        try:
            found.append(_parse_line(line, number))
        except (LockError, InvalidRequirement, RecursionError) as error:
            problems.append(f"{name}, line {number}: {str(error).splitlines()[0]}")
    if problems:
        raise LockError(f"{len(problems)} lines of {name} cannot be read", problems=tuple(problems))
    return tuple(found)


def has_options(text: str) -> bool:
    """Say whether a requirements file holds lines that change what others mean."""
    return any(line.startswith("-") for _, line in _logical_lines(text))


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Join continued lines and drop comments; each comes with the number of its first line."""
    lines: list[tuple[int, str]] = []
    start, pending = 1, ""
    for number, raw in enumerate(text.split("\n"), 1):
        line = _COMMENT.sub("", raw.rstrip("\r"))
        if not pending:
            start = number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        joined, pending = (pending + line).strip(), ""
        if joined:
            lines.append((start, joined))
    if pending.strip():
        lines.append((start, pending.strip()))
    return lines


def _parse_line(line: str, number: int) -> PinnedRequirement:
    if line.startswith("-"):
        raise LockError(f"the option {line.split(maxsplit=1)[0][:40]!r} is not supported in a lock")
    hashes = tuple(_HASH.findall(line))
    bad = next((code for code in hashes if not _GOOD_HASH.fullmatch(code)), None)
    if bad is not None:
        raise LockError(f"{bad[:80]!r} is not a SHA-256, SHA-384 or SHA-512 hash")
    text = _HASH.sub("", line).strip()
    if " --" in text:
        raise LockError(f"unknown option in {text[:80]!r}")
    return PinnedRequirement(requirement=Requirement(text), hashes=hashes, line=number)
