"""Hide: a text → the same text with a few digits of a digest in the place of each secret; pure."""

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import pbkdf2_hmac
from itertools import islice
from typing import Final

from lamina.scan.secrets.assignments import assignments, is_secret_name
from lamina.scan.secrets.search import forms

_ROUNDS: Final = 50_000
_MOST: Final = 100
_BODY: Final = 8 << 10
_RUN: Final = re.compile(rb"[A-Za-z0-9+/=]{4,}")
_WORDS: Final = re.compile(
    r"token|secret|pass|pwd|cred|private|auth(?!or)|key"
    r"|(?:^|[_.-])(?:pat|pw|pin|otp|jwt|dsn|sas|cert|cookie|session|salt|seed)(?:[_.-]|$)",
    re.IGNORECASE,
)

_Span = tuple[int, int, bytes]
"""From where to where, and what the digest is of."""


def hide_secrets(text: str) -> str:
    """Put ``hidden-`` and eight digits in the place of what looks like a secret.

    The word is one for a shell and for a Dockerfile, and lines stay where they are.  Equal secrets
    become equal words, so that texts can still be compared.

    >>> hide_secrets("ENV DB_PASSWORD=hunter2 MODE=fast")
    'ENV DB_PASSWORD=hidden-66d88eaf MODE=fast'
    """
    data = text.encode(errors="surrogatepass")
    parts: list[bytes] = []
    at = 0
    for start, end, secret in sorted(islice(_spans(data), _MOST)):
        if start >= at:
            parts += [data[at:start], f"hidden-{digits(secret)}".encode()]
            at = end
    return b"".join([*parts, data[at:]]).decode(errors="surrogatepass") if parts else text


def is_hiding_name(name: str) -> bool:
    """Say whether a value of this name is hidden, however dull it is.

    More names than a scanner may complain of: hiding too much costs a reader little.

    >>> [is_hiding_name(name) for name in ("SSH_KEY", "GH_PAT", "PGPASS", "PATH", "AUTHOR")]
    [True, True, True, False, False]
    """
    return _WORDS.search(name) is not None or is_secret_name(name)


@lru_cache(maxsize=256)
def digits(secret: bytes) -> str:
    """Return eight digits that are equal for equal secrets, and dear to guess by.

    docs/decisions/0016-a-model-of-the-cache.md says why there is no salt.
    """
    return pbkdf2_hmac("sha256", secret, b"lamina hides this", _ROUNDS, 4).hex()


def _spans(data: bytes) -> Iterator[_Span]:
    for pattern, match in forms(data):
        if pattern.has_body:
            yield from _body(data, match.end())
        else:
            yield *match.span(pattern.group), match[pattern.group]
    for one in assignments(data, is_loose=True):
        yield one.value_start, one.value_end, data[one.value_start : one.value_end]


def _body(data: bytes, start: int) -> Iterator[_Span]:
    """Take a key apart, for its lines have to stay where they are."""
    end = data.find(b"-----END", start, start + _BODY)
    body = data[start : end if end >= 0 else start + _BODY]
    for run in _RUN.finditer(body):
        yield start + run.start(), start + run.end(), body
