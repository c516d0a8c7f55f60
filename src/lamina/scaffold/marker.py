"""The line by which a generated file is known again, and by which an edited one is; pure."""

import hashlib
import re
from enum import Enum, auto
from typing import Final

_MARK: Final = "# Written by `lamina init`, {seal}: once you edit this file, it is yours."
_SEAL: Final = re.compile(
    r"^# Written by `lamina init`, (?P<seal>[0-9a-f]{16}): .*\n", re.MULTILINE
)
_DIRECTIVE: Final = re.compile(r"#!.*|#\s*(syntax|check|escape)\s*=.*", re.IGNORECASE)


class Origin(Enum):
    """Whose a file is: ours as it was written, ours and edited since, or somebody else's."""

    WRITTEN = auto()
    EDITED = auto()
    FOREIGN = auto()


def marked(text: str) -> str:
    r"""Put the mark where comments may begin: after a `#!` and a Dockerfile's directives.

    >>> marked("#!/bin/sh\ntrue\n").splitlines()[1][:33]
    '# Written by `lamina init`, fc2c1'
    """
    lines = text.splitlines(keepends=True)
    start = 0
    while start < len(lines) and _DIRECTIVE.fullmatch(lines[start].rstrip("\n")):
        start += 1
    mark = _MARK.format(seal=_sealed(text)) + "\n"
    return "".join([*lines[:start], mark, *lines[start:]])


def origin(text: str) -> Origin:
    """Say whose a file is by its text alone."""
    match = _SEAL.search(text)
    if match is None:
        return Origin.FOREIGN
    rest = text[: match.start()] + text[match.end() :]
    return Origin.WRITTEN if _sealed(rest) == match["seal"] else Origin.EDITED


def _sealed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
