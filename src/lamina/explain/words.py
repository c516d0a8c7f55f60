"""Changes in words: what a person reads of what a cache key depends on."""

from typing import Final, assert_never

from lamina.explain.compare import Change, Kind

_LONGEST: Final = 60
_NAMES: Final = {
    "command": "the command of RUN",
    "shell": "SHELL",
    "directory": "the working directory",
    "user": "the user",
    "platform": "the platform",
    "source": "the source",
    "destination": "the destination",
    "instruction": "the instruction",
    "base": "the base image",
    "base digest": "the base image's digest",
}
_SUBJECTS: Final = {"option ": "the option --", "mount ": "the mount of ", "document ": "heredoc "}


def change_text(change: Change) -> str:
    """Say in one line what changed.

    >>> change_text(Change(kind=Kind.VALUE, name="ARG V", before="1", after="2"))
    "ARG V: '1' → '2'"
    """
    match change.kind:
        case Kind.FILE:
            return _file(change)
        case Kind.VALUE:
            return f"{_subject(change.name)}: {_transition(change.before, change.after)}"
        case Kind.STEP:
            return "the instruction is new"
        case Kind.ORDER:
            return f"it ran on `{change.name}` before, which is gone or stands elsewhere"
        case Kind.FORCED:
            return "the cache was not to be used (--no-cache)"
        case Kind.TARGET:
            return f"the build before made no such stage (its target was {change.name})"
        case _:
            assert_never(change.kind)


def _subject(name: str) -> str:
    for start, text in _SUBJECTS.items():
        if name.startswith(start):
            return text + name.removeprefix(start)
    return _NAMES.get(name, name)


def _transition(before: str, after: str) -> str:
    if not before:
        return f"{_short(after)} is new"
    if not after:
        return f"it was {_short(before)} and is gone"
    return f"{_short(before)} → {_short(after)}"


def _file(change: Change) -> str:
    before, after = change.before.split(" "), change.after.split(" ")
    if change.is_weak:
        return f"{change.name}: {_transition(change.before, change.after)}"
    if not change.before:
        return f"{change.name}: new {after[0]}"
    if not change.after:
        return f"{change.name}: {before[0]} removed"
    if before[0] != after[0]:
        return f"{change.name}: {before[0]} → {after[0]}"
    return f"{change.name}: {_difference(before, after)}"


def _difference(before: list[str], after: list[str]) -> str:
    """Compare kind, mode, size and digest of a file."""
    parts = []
    if before[1] != after[1]:
        parts.append(f"mode {before[1]} → {after[1]}")
    if before[3:] != after[3:]:
        is_equal = before[2] == after[2]
        size = f"{before[2]} bytes" if is_equal else f"{before[2]} → {after[2]} bytes"
        parts.append(f"content changed ({size})")
    elif before[2] != after[2]:
        parts.append(f"size {before[2]} → {after[2]} bytes")
    return ", ".join(parts)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…")
