"""Faults: what can go wrong between a client and a server, and when it does, as values."""

import re
import threading
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field


@dataclass(frozen=True, slots=True)
class Status:
    """Answer so, without asking the server; the request's body is read and dropped."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class CloseBefore:
    """Close the connection instead of reading the request's body and answering."""


@dataclass(frozen=True, slots=True)
class CloseRequestAfter:
    """Close both connections once this many bytes of a longer request body were passed on."""

    bytes: int


@dataclass(frozen=True, slots=True)
class CloseResponseAfter:
    """Close the connection after this many bytes of a longer answer, whatever length it named."""

    bytes: int


@dataclass(frozen=True, slots=True)
class CorruptAt:
    """Turn over the bits of one byte of the answer's body."""

    offset: int


@dataclass(frozen=True, slots=True)
class CorruptRequestAt:
    """Turn over the bits of one byte of the request's body."""

    offset: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait before the request is passed on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Throttle:
    """Pass the answer on at this speed."""

    bytes_per_s: int


@dataclass(frozen=True, slots=True)
class SetHeaders:
    """Put these fields into the answer, in place of its own of the same name."""

    headers: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class DeleteHeaders:
    """Take these fields out of the answer."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """Answer with a redirect to ``prefix`` followed by the request's path and query."""

    prefix: str
    code: int = 307


Action = (
    Status
    | CloseBefore
    | CloseRequestAfter
    | CloseResponseAfter
    | CorruptAt
    | CorruptRequestAt
    | Delay
    | Throttle
    | SetHeaders
    | DeleteHeaders
    | RedirectTo
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to which requests.

    ``method`` is a regular expression for the whole method, ``path`` for a part of the path and
    query.  ``nth`` says which of the requests that match, the first being 1; None is all of them.
    """

    action: Action
    _: KW_ONLY
    method: str = ".*"
    path: str = ""
    nth: tuple[int, ...] | None = None

    def matches(self, method: str, path: str) -> bool:
        """Say whether a request is meant, not yet which of them."""
        return bool(re.fullmatch(self.method, method) and re.search(self.path, path))


class Rules:
    """Several rules, each with its count; safe to share between threads."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._counts = [0] * len(rules)
        self._lock = threading.Lock()

    def next(self, method: str, path: str) -> Rule | None:
        """Count a request and return the first rule that fires, after which no rule counts it."""
        with self._lock:
            for position, rule in enumerate(self._rules):
                if rule.matches(method, path):
                    self._counts[position] += 1
                    if rule.nth is None or self._counts[position] in rule.nth:
                        return rule
        return None
