"""Arguments of an instruction: flags, lists in JSON form, names with values, commands."""

import json
from collections.abc import Iterator
from typing import Final

from lamina.dockerfile.instructions import Command, Exec, Flag, Heredoc, Pair, Shell

_QUOTES: Final = "'\""


def split_flags(text: str) -> tuple[tuple[Flag, ...], str]:
    r"""Cut ``--name`` and ``--name=value`` off the start of a text; quotes go, a backslash escapes.

    A bare ``--`` ends the flags.
    """
    flags: list[Flag] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if not text.startswith("--", at):
            return tuple(flags), text[at:].strip()
        word, at = _unquoted(text, at)
        if word == "--":
            return tuple(flags), text[at:].strip()
        name, sign, value = word[2:].partition("=")
        flags.append((name, value if sign else None))


def _unquoted(text: str, at: int) -> tuple[str, int]:
    """Read a word that may be quoted in parts; return it and where it ends."""
    found = []
    quote = ""
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\" and at < len(text):
            found.append(text[at])
            at += 1
        elif char == quote:
            quote = ""
        elif quote:
            found.append(char)
        elif char in _QUOTES:
            quote = char
        elif char.isspace():
            break
        else:
            found.append(char)
    return "".join(found), at


def json_words(text: str) -> tuple[str, ...] | None:
    """Read a list of strings in JSON form; None for anything else, which is then no JSON form."""
    if not is_json_list(text):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        return None
    return tuple(found)


def is_json_list(text: str) -> bool:
    """Say whether a text looks like JSON form."""
    return text.lstrip().startswith("[")


def command(text: str, heredocs: tuple[Heredoc, ...] = ()) -> Command:
    """Read a command in either form."""
    words = None if heredocs else json_words(text)
    return Shell(text=text, heredocs=heredocs) if words is None else Exec(words=words)


def pairs(text: str, escape: str) -> tuple[Pair, ...] | None:
    """Read ``name=value …``; None for the old form, a name and a value with a space between."""
    words = words_kept(text, escape)
    if not words or "=" not in words[0]:
        return None
    return tuple((name, value) for name, _, value in (word.partition("=") for word in words))


def words_kept(text: str, escape: str) -> tuple[str, ...]:
    """Split at spaces that are neither quoted nor escaped; quotes and escapes stay."""
    return tuple(_words(text, escape))


def _words(text: str, escape: str) -> Iterator[str]:
    found: list[str] = []
    quote = ""
    chars = iter(text)
    for char in chars:
        if char == escape and quote != "'":
            found += [char, next(chars, "")]
        elif char.isspace() and not quote:
            if found:
                yield "".join(found)
            found = []
        else:
            quote = _after(quote, char)
            found.append(char)
    if found:
        yield "".join(found)


def _after(quote: str, char: str) -> str:
    """Return the quote that is open after a character."""
    if quote:
        return "" if char == quote else quote
    return char if char in _QUOTES else ""
