"""Digest: the name of a blob, valid by construction (OCI image-spec, descriptor.md, "Digests")."""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from lamina.errors import ImageError

_SHA256 = re.compile(r"sha256:[a-f0-9]{64}")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A SHA-256 digest; ``str(digest)`` is ``sha256:<64 hex digits>``.

    Only :meth:`parse` and the constructors below make one from foreign text, so a digest can be
    used as a file name without checking it again.

    >>> Digest.of(b"").hex[:12]
    'e3b0c44298fc'
    """

    hex: str

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read ``sha256:…``; raise ``ImageError`` for anything else."""
        if not isinstance(text, str) or not _SHA256.fullmatch(text):
            raise ImageError(
                f"{str(text)[:100]!r} is not a SHA-256 digest",
                hint="digests look like sha256:<64 hexadecimal digits>",
            )
        return cls(text.removeprefix("sha256:"))

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Compute the digest of ``data``."""
        return cls(hashlib.sha256(data).hexdigest())

    def __str__(self) -> str:
        return f"sha256:{self.hex}"

    @property
    def short(self) -> str:
        """The first twelve hexadecimal digits, for people."""
        return self.hex[:12]
