"""One request and its answer, as values and protocols, for whoever decides what follows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from lamina.errors import NetworkError


class InterruptedExchangeError(NetworkError):
    """The exchange broke before it ended; another may not."""


class TimedOutError(InterruptedExchangeError):
    """We did not wait any longer; what was asked for may yet be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent: ``open`` gives its ``size`` bytes from the start, as often as it takes.

    What ``is_stored`` is answered when all of it was put away, which may take long.
    """

    open: Callable[[], BinaryIO]
    size: int
    is_stored: bool = False


class Answer(Protocol):
    """What a server answered; whoever gets one closes it.

    The names in ``headers`` are in lower case.
    """

    @property
    def status(self) -> int:
        """The status code (RFC 9110, section 15)."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields; several lines of one are joined by commas."""

    def read(self, limit: int) -> bytes:
        """Read at most ``limit`` bytes of the body.  Raises ``InterruptedExchangeError``."""

    def read_some(self, limit: int) -> bytes:
        """Read what has come, at most ``limit`` bytes; none is the end.

        Raises ``InterruptedExchangeError``.
        """

    def close(self) -> None:
        """Give the connection back."""


class Exchange(Protocol):
    """Sends one request, once, following nothing and adding nothing that says who we are."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | bytes | None
    ) -> Answer:
        """Return the answer, whatever its status.

        Raises ``InterruptedExchangeError`` when none came, and ``NetworkError`` when none will.
        """
