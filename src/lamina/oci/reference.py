"""Reference: the name of an image, as Docker and the distribution-spec write it."""

import re
from dataclasses import dataclass
from typing import Self

from lamina.errors import UsageError
from lamina.oci.digest import Digest

_REPOSITORY = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """``[registry/]repository[:tag][@digest]``; ``registry`` is empty when the text has none.

    >>> str(Reference.parse("aml-agent"))
    'aml-agent:latest'
    """

    registry: str = ""
    repository: str
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference; the tag is ``latest`` when neither tag nor digest is given.

        Raises ``UsageError`` for names the distribution-spec does not allow.
        """
        name, _, digest_text = text.partition("@")
        registry, name = _split_registry(name)
        repository, _, tag = name.partition(":")
        digest = Digest.parse(digest_text) if digest_text else None
        if not _REPOSITORY.fullmatch(repository):
            raise UsageError(
                f"{text!r} is not an image reference",
                hint="write it as name:tag or registry/name:tag, the name in lower case",
            )
        if (tag or ":" in name) and not _TAG.fullmatch(tag):
            raise UsageError(
                f"{tag!r} in {text!r} is not a tag",
                hint="tags are up to 128 letters, digits, '_', '.' and '-'",
            )
        if not tag and digest is None:
            tag = "latest"
        return cls(registry=registry, repository=repository, tag=tag, digest=digest)

    def __str__(self) -> str:
        prefix = f"{self.registry}/" if self.registry else ""
        tag = f":{self.tag}" if self.tag else ""
        return f"{prefix}{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return "", name
