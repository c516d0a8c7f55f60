"""Settings: lines of one name and one value, which goes on to the end of the line; pure.

A password has any characters, also those at which a value ends in the text of a program.
"""

import re
from collections.abc import Iterator
from typing import Final

from lamina.scan.secrets.assignments import Assigned, interesting_lines, is_secret

_NAME: Final = re.compile(
    rb"[ \t]*(?:(?:export|set|setenv|ENV|ARG|-)[ \t]+)?([\"']?)([A-Za-z0-9_.-]{1,80})\1[ \t]*"
    rb"(?::=|=|:)[ \t]*"
)
_COMMENT: Final = re.compile(rb"[ \t][#;]")
_LONGEST: Final = 400


def settings(data: bytes) -> Iterator[Assigned]:
    """Yield the lines of ``data`` that set what is called a secret."""
    for start, text in interesting_lines(data):
        match = _NAME.match(text)
        if match is None:
            continue
        name, value = match[2].decode(), _value(text[match.end() :])
        if len(value) <= _LONGEST and is_secret(
            name, value.decode("utf-8", "replace"), is_loose=True
        ):
            place = start + match.end()
            at = data.find(value, place)
            yield Assigned(
                rule="assignment",
                name=name,
                start=start + match.start(2),
                value_start=at,
                value_end=at + len(value),
            )


def _value(text: bytes) -> bytes:
    """Take quotes away, or a comment."""
    text = text.strip()
    quote = text[:1]
    if quote in (b'"', b"'"):
        return text[1:].partition(quote)[0]
    comment = _COMMENT.search(text)
    return text[: comment.start()].rstrip() if comment else text
