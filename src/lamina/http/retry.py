"""How often and when a request is made again (HTTP Semantics, "Retry-After"); no clock."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

ATTEMPTS: Final = 5
RETRIED_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 60.0


def backoff_s(attempt: int) -> float:
    """Say how many seconds to wait after attempt number ``attempt``, the first being 1."""
    return min(0.5 * 2.0**attempt, _LONGEST_WAIT_S)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Read how many seconds a server wants us to wait, a minute at most; 0 where it does not say.

    A date counts from the server's own clock, which its answer carries as ``Date``.

    >>> retry_after_s({"Retry-After": "7"})
    7.0
    """
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        wait = float(text)
    else:
        wait = _seconds_between(headers.get("Date", ""), text)
    return max(0.0, min(wait, _LONGEST_WAIT_S))


def _seconds_between(now: str, then: str) -> float:
    try:
        return (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # TypeError: only one of them names its zone
        return 0.0
