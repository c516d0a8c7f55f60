"""How often and when a request is made again (HTTP Semantics, "Retry-After"); no clock."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from lamina.errors import NetworkError
from lamina.parallel import check_wanted

Result = TypeVar("Result")

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient to be: ``attempts`` in all, and at most ``total_s`` of waiting between them."""

    attempts: int = ATTEMPTS
    total_s: float = 120.0

    def wait_s(
        self, attempt: int, *, asked_s: float, waited_s: float, jitter: float
    ) -> float | None:
        """Say how long to wait after attempt number ``attempt``; None is to give up.

        ``asked_s`` is what the server wants, 0 for nothing; it is never shortened.  ``jitter``,
        from 0 to 1, shortens our own waits by up to a half, so that clients come back apart.

        >>> RetryPolicy().wait_s(1, asked_s=0, waited_s=0, jitter=0.5)
        0.75
        """
        if attempt >= self.attempts:
            return None
        wait = asked_s or backoff_s(attempt) * (1 - jitter / 2)
        return wait if waited_s + wait <= self.total_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """A policy, with what passes the time."""

    policy: RetryPolicy = RetryPolicy()
    sleep: Callable[[float], None] = time.sleep
    # Its own generator: a wait in a thread changes no random number of the program that waits.
    jitter: Callable[[], float] = random.SystemRandom().random

    def run(
        self, act: Callable[[], Result], asked_wait_s: Callable[[NetworkError], float | None]
    ) -> Result:
        """Call ``act`` until it returns, or fails for good; then raise what it raised last.

        ``asked_wait_s`` says of a failure how many seconds the server wants us to wait (0: any),
        and None when another attempt would do no better.  Raises ``GivenUp`` before an attempt that
        nobody wants.
        """
        attempt, waited = 1, 0.0
        while True:
            check_wanted()
            try:
                return act()
            except NetworkError as error:
                asked = asked_wait_s(error)
                if asked is None:
                    raise
                wait = self.policy.wait_s(
                    attempt, asked_s=asked, waited_s=waited, jitter=self.jitter()
                )
                if wait is None:
                    raise
            self.sleep(wait)
            attempt, waited = attempt + 1, waited + wait


def _seconds_between(now: str, then: str) -> float:
    try:
        return (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # TypeError: only one of them names its zone
        return 0.0
