"""Check: one thing that was looked at, and what to try where it is not well; pure."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from lamina.errors import LaminaError

State = Literal["ok", "warning", "absent", "broken"]
"""``absent`` is only needed for something that not everybody does; ``broken`` stops a command."""

_SCHEMES = frozenset({"http", "https", "tcp", "ssh", "ftp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was found under ``name``; ``what`` may have several lines, and holds no secret."""

    name: str
    state: State
    what: str
    hint: str = ""


def failed(name: str, error: LaminaError, *, state: State = "broken") -> Check:
    """Make a check of an error that a probe met."""
    lines = (error.what, error.where, error.why)
    what = "\n".join(line for line in lines if line)
    return Check(name=name, state=state, what=what, hint=error.hint or "")


def origin_text(url: str) -> str:
    """Show of an address where it leads and nothing else: keys hide in paths, too.

    >>> origin_text("https://me:secret@example.org:8080/key-123/simple/?token=1")
    'https://example.org:8080/...'
    >>> origin_text("me:secret@example.org")
    '(an address that cannot be read)'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in _SCHEMES:
        return "(an address that cannot be read)"
    name = f"[{host}]" if ":" in host else host
    where = f"{parts.scheme}://{name}" + (f":{port}" if port else "")
    return where if parts.path in {"", "/"} and not parts.query else f"{where}/..."
