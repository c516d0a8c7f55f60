"""The commands in a RUN, split only as far as it takes to know which programs are started.

Quotes are removed, ``$`` and what it stands for are left as they are.  Whatever is more than a list
of simple commands (loops, functions, substitutions) is split all the same, as good as it goes.
"""

import re
from collections.abc import Iterator
from typing import Final

from lamina.dockerfile.expand import ExpansionError, Reading, expand_words
from lamina.dockerfile.instructions import Command, Exec

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_SEPARATORS: Final = ("&&", "||", ";", "|", "&", "\n", "(", ")", "{ ", " }")
_BEFORE: Final = frozenset(
    ["if", "then", "else", "elif", "while", "until", "do", "!", "exec", "time"]
)
_KEPT: Final = Reading(keeps_unset=True)


def commands(command: Command) -> tuple[tuple[str, ...], ...]:
    """Return the words of each simple command, without assignments before it.

    >>> from lamina.dockerfile.instructions import Shell
    >>> commands(Shell(text="cd /w && PIP_NO_INPUT=1 pip install 'a>1' | tee log"))
    (('cd', '/w'), ('pip', 'install', 'a>1'), ('tee', 'log'))
    """
    if isinstance(command, Exec):
        return (command.words,) if command.words else ()
    texts = [command.text, *(heredoc.text for heredoc in command.heredocs)]
    found = (_simple(part) for text in texts for part in _parts(text))
    return tuple(words for words in found if words)


def _simple(part: str) -> tuple[str, ...]:
    try:
        words = expand_words(part, lambda _: None, _KEPT)
    except ExpansionError:
        words = tuple(part.split())
    at = 0
    while at < len(words) and (words[at] in _BEFORE or _ASSIGNMENT.fullmatch(words[at])):
        at += 1
    return words[at:]


def _parts(text: str) -> Iterator[str]:
    """Cut a text at separators that are not quoted."""
    start = at = 0
    quote = ""
    while at < len(text):
        char = text[at]
        if char == "\\" and quote != "'":
            at += 2
            continue
        if char in "'\"" and quote in {"", char}:
            quote = "" if quote else char
        mark = "" if quote else next((s for s in _SEPARATORS if text.startswith(s, at)), "")
        if mark:
            yield text[start:at]
            start = at + len(mark)
        at += max(1, len(mark))
    yield text[start:]
