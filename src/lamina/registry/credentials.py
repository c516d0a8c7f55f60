"""Who we are to a registry, as a value that a request can hold; pure."""

import base64
from dataclasses import dataclass, field, replace
from typing import Final

from lamina.errors import ProjectError

_LINE_ENDS = "\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user and a password, or a token; ``source`` says where they were found.

    An identity token is good for tokens of the registry, and a registry token is one.  Secrets are
    left out of what is shown.
    """

    source: str
    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)

    @property
    def is_anonymous(self) -> bool:
        """Nobody in particular."""
        return not (self.user or self.password or self.identity_token or self.registry_token)

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        secret = self.password or self.identity_token
        return "Basic " + base64.b64encode(f"{self.user}:{secret}".encode()).decode()


ANONYMOUS: Final = Credentials(source="nowhere: there are none for this registry")


def checked(found: Credentials) -> Credentials:
    r"""Take off the line ends that editors and `echo` leave, and refuse what no request can hold.

    Raises ``ProjectError``, which names the source and shows no value.

    >>> checked(Credentials(source="here", user="me", password="s3cret\n")).basic
    'Basic bWU6czNjcmV0'
    """
    clean = replace(
        found,
        user=found.user.strip(_LINE_ENDS),
        password=found.password.strip(_LINE_ENDS),
        identity_token=found.identity_token.strip(),
        registry_token=found.registry_token.strip(),
    )
    wrong = [
        name
        for name, is_good in (
            ("user", _is_text(clean.user)),
            ("password", _is_text(clean.password)),
            ("identity token", _is_text(clean.identity_token)),
            ("registry token", all("!" <= c <= "~" for c in clean.registry_token)),
        )
        if not is_good
    ]
    if wrong:
        raise ProjectError(
            f"the {wrong[0]} holds a character that no request can hold",
            where=clean.source,
            hint="log in again, or write it anew without line ends and special characters",
        )
    return clean


def _is_text(text: str) -> bool:
    """Say whether ``text`` is UTF-8 without control characters (RFC 7617, section 2)."""
    try:
        data = text.encode()
    except UnicodeEncodeError:  # half a character, which JSON and environments can hold
        return False
    return not any(byte < ord(" ") or byte == 0x7F for byte in data)  # noqa: PLR2004 - DEL
