"""What a registry said when it refused, for people (distribution-spec, "Error Codes")."""

import json
from collections.abc import Mapping
from typing import Final

from lamina.errors import ImageError, NetworkError
from lamina.http.exchange import InterruptedExchangeError
from lamina.http.retry import RETRIED_STATUSES, retry_after_s

LARGEST_ERROR = 64 << 10
"""How many bytes of a refusal are read."""

SEE_DOCTOR: Final = "; `lamina doctor REF` shows where they are looked for"

_MOST_SHOWN = 300


class RefusedError(NetworkError):
    """The registry answered, and with another ``status`` than was hoped for.

    ``wait_s`` is how long it wants us to wait, 0 where it does not say; ``said`` is its answer
    in full.
    """

    def __init__(
        self, what: str, *, status: int, wait_s: float = 0.0, said: str = "", **details: str | None
    ) -> None:
        super().__init__(what, **details)
        self.status = status
        self.wait_s = wait_s
        self.said = said

    def as_missing(self, what: str) -> "MissingError":
        """Say that something is not there, rather than that the registry does not work."""
        return MissingError(
            what,
            status=self.status,
            said=self.said,
            where=self.where,
            hint=self.hint,
            why=self.why,
        )


class MissingError(ImageError, RefusedError):
    """The registry knows no such manifest or blob."""


def refusal(  # noqa: PLR0913 - what is known of a refusal
    status: int,
    body: bytes,
    *,
    what: str,
    where: str,
    source: str,
    headers: Mapping[str, str] | None = None,
) -> RefusedError:
    """Make the error for an unexpected ``status``.

    ``what`` was tried; ``where`` is the repository; ``source`` says where the credentials came
    from; the names in ``headers`` are in lower case.
    """
    fields = headers or {}
    text = _text(body)
    return RefusedError(
        f"the registry answered {status} to {what}",
        status=status,
        wait_s=retry_after_s(
            {"Retry-After": fields.get("retry-after", ""), "Date": fields.get("date", "")}
        ),
        said=body.decode("utf-8", "replace"),
        where=where,
        hint=_hint(status, headers, source),
        why="; ".join(part for part in (text[:_MOST_SHOWN], _limits(fields)) if part) or None,
    )


def asked_wait_s(error: NetworkError) -> float | None:
    """Say how long to wait before what failed so is tried again; None: it would fail again."""
    if isinstance(error, InterruptedExchangeError):
        return 0.0
    if isinstance(error, RefusedError) and error.status in RETRIED_STATUSES:
        return error.wait_s
    return None


def shown(text: str) -> str:
    """Replace control characters of foreign text, so that it cannot steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _hint(status: int, headers: Mapping[str, str] | None, source: str) -> str | None:
    is_mute = headers is not None and "www-authenticate" not in headers
    if status == 401 and is_mute:  # noqa: PLR2004 - HTTP
        return f"the registry does not say how it wants to be asked; credentials: {source}"
    if status in {401, 403}:
        return f"the credentials used came from {source}{SEE_DOCTOR}"
    if status == 404:  # noqa: PLR2004 - HTTP
        return "check the name; some registries answer so where they do not know who asks"
    if status == 429:  # noqa: PLR2004 - HTTP
        return "the registry limits how much is asked of it: wait, or log in for a higher limit"
    return None


def _limits(headers: Mapping[str, str]) -> str:
    """Say what the registry tells of its limits."""
    names = ("retry-after", "ratelimit-limit", "ratelimit-remaining")
    return shown(", ".join(f"{n}: {headers[n][:60]}" for n in names if n in headers))


def _text(body: bytes) -> str:
    try:
        errors = json.loads(body).get("errors")
        rows = [f"{row.get('code')}: {row.get('message')}" for row in errors]
    except (ValueError, AttributeError, TypeError, RecursionError):
        rows = [body.decode("utf-8", "replace").strip()]
    return shown("; ".join(rows))
