"""Wire: a request to a registry and its reply, as values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request.

    The names in ``headers`` are in lower case.  ``origin`` is the server's scheme and host, as the
    client wrote them.  ``raw_query`` is kept byte for byte.
    """

    method: str
    path: str
    raw_query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: bytes = field(default=b"", repr=False)
    origin: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query, the last of each name."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered; a HEAD gets the headers and the length of the body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: bytes = field(default=b"", repr=False)


class RefusalError(Exception):
    """The request cannot be granted, for reasons that the specification has a code for."""

    def __init__(
        self, status: int, code: str, *messages: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {'; '.join(messages)}")
        errors = [{"code": code, "message": text, "detail": {}} for text in messages]
        self.reply = Reply(
            status=status,
            headers={"Content-Type": "application/json", **(headers or {})},
            body=json.dumps({"errors": errors}).encode(),
        )


def unsupported(asked: Asked) -> RefusalError:
    """Make the refusal of a method that an endpoint does not have."""
    return RefusalError(405, "UNSUPPORTED", f"there is no {asked.method} here")


def no_such_page() -> Reply:
    """Make the answer to an address that is no endpoint; web servers do not speak JSON then."""
    return Reply(status=404, headers={"Content-Type": "text/plain"}, body=b"404 page not found\n")
