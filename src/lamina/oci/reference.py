"""Reference: the name of an image, as Docker and the distribution-spec write it."""

import re
from dataclasses import dataclass
from typing import Self

from lamina.errors import ImageError, UsageError
from lamina.oci.digest import Digest

_REPOSITORY = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_REGISTRY = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)
_LONGEST_NAME = 255
_DEFAULT_REGISTRY = "docker.io"
_DEFAULT_REGISTRIES = frozenset({_DEFAULT_REGISTRY, "index.docker.io"})
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
        name, at, digest_text = text.partition("@")
        registry, name = _split_registry(name)
        repository, _, tag = name.partition(":")
        digest = _parse_digest(digest_text, text) if at else None
        if not _is_name(registry, repository):
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

    @property
    def qualified(self) -> str:
        """The whole name, with the registry and namespace that Docker means where none is given.

        >>> Reference.parse("aml-agent").qualified
        'docker.io/library/aml-agent:latest'
        """
        if self.registry:
            return str(self)
        namespace = "" if "/" in self.repository else "library/"
        return f"{_DEFAULT_REGISTRY}/{namespace}{self}"

    @property
    def place(self) -> str:
        """The repository with its registry, whatever the tag.

        >>> Reference.parse("aml-agent:1").place
        'docker.io/library/aml-agent'
        """
        named = self.qualified.partition("@")[0]
        return named.removesuffix(f":{self.tag}") if self.tag else named

    def __str__(self) -> str:
        prefix = f"{self.registry}/" if self.registry else ""
        tag = f":{self.tag}" if self.tag else ""
        return f"{prefix}{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")


def familiar(name: str) -> str:
    """Return an image's name as Docker shows it, with a tag and without a digest, whatever it is.

    The registry and the namespace that Docker means where none is written are left out.

    >>> familiar("docker.io/library/shop"), familiar("r.example.com/shop@sha256:0a")
    ('shop:latest', 'r.example.com/shop')
    """
    path, at, _ = name.partition("@")
    host, slash, rest = path.partition("/")
    if slash and host in _DEFAULT_REGISTRIES:
        path = rest
    namespace, _, rest = path.partition("/")
    if namespace == "library" and "/" not in rest:
        path = rest
    has_tag = at or not path or ":" in path.rpartition("/")[2]
    return path if has_tag else f"{path}:latest"


def _is_name(registry: str, repository: str) -> bool:
    is_registry = not registry or _REGISTRY.fullmatch(registry)
    is_short = len(registry) + len(repository) < _LONGEST_NAME
    return bool(is_registry and is_short and _REPOSITORY.fullmatch(repository))


def _parse_digest(digest: str, reference: str) -> Digest:
    try:
        return Digest.parse(digest)
    except ImageError as error:
        raise UsageError(f"{error.what}, in {reference!r}", hint=error.hint) from error


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return "", name
