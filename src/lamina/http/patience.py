"""How long the answer to a request may take; pure."""

import re
from typing import Final

from lamina.errors import UsageError
from lamina.http.exchange import Body

VARIABLE: Final = "LAMINA_HTTP_TIMEOUT"
"""The variable that sets the usual patience, for the errors that come of it."""

USUAL_S: Final = 60.0
"""For how many seconds a server may be silent where nobody says."""

_LONGEST_CONNECT_S = 10.0
_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_SLOWEST = 1 << 20  # bytes a second that a server takes in, at least
_STORING = 15  # times the usual patience: registries copy and hash gigabytes before they answer


def read_patience(text: str) -> float:
    """Read what the variable says; raise ``UsageError`` for what is no number of seconds.

    >>> read_patience("300"), read_patience("")
    (300.0, 60.0)
    """
    if not text:
        return USUAL_S
    seconds = float(text) if _SECONDS.fullmatch(text) else 0.0
    if not seconds:
        raise UsageError(f"{VARIABLE} is {text[:40]!r}", hint="it is a number of seconds")
    return seconds


def answer_s(body: Body | bytes | None, usual_s: float) -> float:
    """Say how many seconds of silence are borne after ``body`` was sent.

    ``usual_s`` is for a request without one.

    >>> answer_s(None, 60), answer_s(Body(open=open, size=0, is_stored=True), 60)
    (60, 900.0)
    """
    if not isinstance(body, Body):
        return usual_s
    growing = usual_s + body.size / _SLOWEST
    return max(growing, _STORING * usual_s * 1.0) if body.is_stored else growing


def connect_s(body: Body | bytes | None, usual_s: float) -> float:
    """Say how many seconds a connection may take, and each pause while a body is sent.

    The HTTP library has one limit for both, and a server may stop listening for a while.
    """
    return usual_s if isinstance(body, Body) else min(_LONGEST_CONNECT_S, usual_s)
