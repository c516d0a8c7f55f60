"""An instruction of a Dockerfile as a builder words it: its flags, and what it is given."""

import json
import re

_FLAGS = re.compile(r"(?:--[a-z]\S*\s+)*")
_SHELL = re.compile(r"(?:/\S+/)?(?:ba|da|a|z|k)?sh(?: -o \w+| -\w+)*? -\w*c ")
_VALUES = re.compile(r"\|\d+ ")


def flags(text: str) -> tuple[str, ...]:
    """Return the flags between an instruction and its arguments.

    >>> flags("COPY --from=builder --link /w /w")
    ('--from=builder', '--link')
    """
    rest = text.partition(" ")[2]
    match = _FLAGS.match(rest)
    return tuple(match[0].split()) if match else ()


def arguments(text: str) -> str:
    """Return what follows an instruction and its flags, one space between words.

    The form of a JSON array becomes its words.  A shell before the command is left out.

    >>> arguments('RUN --network=none ["sh", "-c", "make   all"]')
    'make all'
    """
    rest = text.partition(" ")[2]
    return without_shell(" ".join(_words(_FLAGS.sub("", rest, count=1)).split()))


def command(created_by: str) -> str:
    """Return the command of a ``RUN`` out of what an image's history says of it.

    Values of build arguments, which stand before it and may be secret, are left out; so is all
    where it cannot be told where they end.

    >>> command("|1 TOKEN=a b /bin/sh -c make  all # buildkit")
    'make all'
    """
    text = " ".join(created_by.split()).removesuffix("# buildkit").rstrip()
    if not _VALUES.match(text):
        return without_shell(text)
    shell = _SHELL.search(text)
    return text[shell.end() :] if shell else ""


def without_shell(text: str) -> str:
    """Remove the shell that a command is given to, such as ``/bin/sh -c``."""
    return _SHELL.sub("", text, count=1) if _SHELL.match(text) else text


def _words(text: str) -> str:
    if not text.startswith("["):
        return text
    try:
        words = json.loads(text)
    except ValueError:
        return text
    return " ".join(map(str, words)) if isinstance(words, list) else text
