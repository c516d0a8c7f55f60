"""Expansion: variables, quotes and escapes in a word of an instruction, as BuildKit reads them.

The language is a part of the shell's: ``$x``, ``${x}``, ``${x:-word}`` and ``${x-word}``, the same
with ``+`` and ``?``, ``${x#pattern}``, ``${x%pattern}``, both doubled, ``${x/pattern/word}`` and
``${x//pattern/word}``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Lookup = Callable[[str], str | None]
"""Returns a variable's value, or None where it is not set."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?\-$!]")
_MOST_NESTED: Final = 50


class ExpansionError(ValueError):
    """A word that cannot be read; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How words are read: what is kept as it is written."""

    escape: str = "\\"
    keeps_quotes: bool = False
    keeps_escapes: bool = False
    keeps_unset: bool = False


PLAIN: Final = Reading()


def expand(text: str, lookup: Lookup, reading: Reading = PLAIN) -> str:
    """Expand a text as one word; raise ``ExpansionError`` for a malformed one.

    >>> expand("${name:-nobody} 'is $here'", {"here": "x"}.get)
    'nobody is $here'
    """
    return _Reader(text, lookup, reading).read()


def expand_words(text: str, lookup: Lookup, reading: Reading = PLAIN) -> tuple[str, ...]:
    """Expand a text and split it at spaces that are not quoted."""
    reader = _Reader(text, lookup, reading)
    reader.read()
    return reader.words()


class _Reader:
    """Reads one text from its start to its end."""

    def __init__(self, text: str, lookup: Lookup, reading: Reading, depth: int = 0) -> None:
        self._text = text
        self._at = 0
        self._lookup = lookup
        self._reading = reading
        self._depth = depth
        self._words: list[str] = []
        self._is_open = False

    def words(self) -> tuple[str, ...]:
        return tuple(self._words)

    def read(self, stop: str = "", *, keeps_escapes: bool = False) -> str:
        """Read up to ``stop``, which is passed over, or to the end."""
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise ExpansionError("too many ${ within each other")
        found: list[str] = []
        keeps = self._reading.keeps_escapes or keeps_escapes
        while self._at < len(self._text):
            if self._text[self._at] == stop:
                self._at += 1
                self._depth -= 1
                return "".join(found)
            found.append(self._next(keeps_escapes=keeps))
        if stop:
            raise ExpansionError(f"there is no {stop!r} to end it")
        self._depth -= 1
        return "".join(found)

    def _next(self, *, keeps_escapes: bool) -> str:
        char = self._text[self._at]
        if char in "'\"":
            text = self._single() if char == "'" else self._double()
            self._add(text)
        elif char == "$":
            text = self._dollar()
            self._add_split(text)
        elif char == self._reading.escape:
            text = self._escaped(keeps=keeps_escapes)
            self._add(text)
        else:
            self._at += 1
            text = char
            self._add_split(text)
        return text

    def _add(self, text: str) -> None:
        """Add to the current word what does not end it."""
        if self._depth != 1:
            return
        if not self._is_open:
            self._words.append("")
            self._is_open = True
        self._words[-1] += text

    def _add_split(self, text: str) -> None:
        for char in text:
            if char.isspace():
                self._is_open = self._is_open and self._depth != 1
            else:
                self._add(char)

    def _escaped(self, *, keeps: bool) -> str:
        self._at += 2
        text = self._text[self._at - 2 : self._at]
        return text if keeps else text[1:]

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise ExpansionError("a single quote is not closed")
        text = self._text[self._at : end + 1]
        self._at = end + 1
        return text if self._reading.keeps_quotes else text[1:-1]

    def _double(self) -> str:
        """Read to the closing quote; only ``"``, ``$`` and the escape itself can be escaped."""
        quote = '"' if self._reading.keeps_quotes else ""
        found = [quote]
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == '"':
                self._at += 1
                return "".join([*found, quote])
            found.append(self._in_double(char))
        raise ExpansionError("a double quote is not closed")

    def _in_double(self, char: str) -> str:
        if char == "$":
            return self._dollar()
        following = self._text[self._at + 1 : self._at + 2]
        if char == self._reading.escape and following in {'"', "$", char}:
            return self._escaped(keeps=self._reading.keeps_escapes)
        self._at += 1
        return char

    def _dollar(self) -> str:
        start = self._at
        self._at += 1
        is_braced = self._text[self._at : self._at + 1] == "{"
        self._at += is_braced
        match = _NAME.match(self._text, self._at)
        if match is None:
            if is_braced:
                raise ExpansionError("bad substitution: a name belongs after ${")
            return "$"
        self._at = match.end()
        name = match[0]
        if not is_braced:
            return self._value(name, start)
        char = self._take()
        if char == "}":
            return self._value(name, start)
        return self._modified(name, char, start)

    def _take(self) -> str:
        char = self._text[self._at : self._at + 1]
        if not char:
            raise ExpansionError("there is no '}' to end a ${")
        self._at += 1
        return char

    def _value(self, name: str, start: int) -> str:
        value = self._lookup(name)
        if value is None and self._reading.keeps_unset:
            return self._text[start : self._at]
        return value or ""

    def _modified(self, name: str, char: str, start: int) -> str:
        value = self._lookup(name)
        if char == "/":
            changed = self._replaced(value or "")
        elif char in "#%":
            changed = self._trimmed(value or "", char)
        else:
            changed = self._chosen(name, value, char)
        if value is None and self._reading.keeps_unset:
            return self._text[start : self._at]
        return changed

    def _chosen(self, name: str, value: str | None, char: str) -> str:
        is_empty_unset = char == ":"
        if is_empty_unset:
            char = self._take()
        if char not in "-+?":
            raise ExpansionError(f"unknown modifier {char!r} in ${{{name}")
        word = self.read("}")
        is_set = value is not None and not (is_empty_unset and not value)
        if char == "?" and not is_set and not self._reading.keeps_unset:
            raise ExpansionError(f"{name}: {word or 'is not set'}")
        if char == "+":
            return word if is_set else ""
        return value or "" if is_set else word

    def _trimmed(self, value: str, char: str) -> str:
        pattern = self.read("}", keeps_escapes=True)
        is_longest = pattern.startswith(char)
        pattern = pattern.removeprefix(char)
        places = range(len(value) + 1)
        matcher = _compiled(pattern, self._reading.escape)
        if char == "#":
            ends = reversed(places) if is_longest else iter(places)
            cuts = (value[n:] for n in ends if matcher.fullmatch(value[:n]))
        else:
            starts = iter(places) if is_longest else reversed(places)
            cuts = (value[:n] for n in starts if matcher.fullmatch(value[n:]))
        return next(cuts, value)

    def _replaced(self, value: str) -> str:
        is_all = self._text[self._at : self._at + 1] == "/"
        self._at += is_all
        pattern = self.read("/", keeps_escapes=True)
        word = self.read("}", keeps_escapes=True)
        matcher = _compiled(pattern, self._reading.escape)
        return matcher.sub(lambda _: word, value, count=0 if is_all else 1)


def _compiled(pattern: str, escape: str) -> re.Pattern[str]:
    """Translate ``*`` and ``?``; everything else stands for itself."""
    out, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if char == escape and at + 1 < len(pattern):
            at += 1
            out.append(re.escape(pattern[at]))
        else:
            out.append({"*": ".*", "?": "."}.get(char) or re.escape(char))
        at += 1
    return re.compile("".join(out), re.DOTALL)
