"""Platform: an operating system and an architecture (image-index.md, "platform")."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from lamina.errors import UsageError

_PLATFORM = re.compile(r"([a-z0-9]+)/([a-z0-9_-]+)(?:/([a-z0-9.]+))?")
_ALIASES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
_DEFAULT_VARIANT = {"arm64": "v8"}


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """What an image runs on, in Go's names as the specification asks.

    >>> str(Platform.parse("linux/aarch64"))
    'linux/arm64'
    """

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``linux/amd64`` or ``linux/arm64/v8``; raise ``UsageError`` for anything else."""
        match = _PLATFORM.fullmatch(text.strip().lower())
        if not match:
            raise UsageError(
                f"{text!r} is not a platform", hint="write it as linux/amd64 or linux/arm64"
            )
        os, architecture, variant = match[1], match[2], match[3] or ""
        architecture = _ALIASES.get(architecture, architecture)
        if _DEFAULT_VARIANT.get(architecture) == variant:
            variant = ""
        return cls(os, architecture, variant)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def to_json(self) -> dict[str, str]:
        """Write the object that an index descriptor holds."""
        members = {"architecture": self.architecture, "os": self.os}
        return members | ({"variant": self.variant} if self.variant else {})

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read an index descriptor's platform; missing members become empty."""
        return cls(
            str(value.get("os", "")),
            str(value.get("architecture", "")),
            str(value.get("variant", "")),
        )
