"""Local engines: what the daemon destination asks of Docker and podman, and how they say no."""

from collections.abc import Callable, Sequence
from typing import Protocol

from lamina.errors import ToolError
from lamina.layout.write import Writer
from lamina.oci.digest import Digest
from lamina.oci.platform import Platform
from lamina.oci.reference import Reference

Pour = Callable[[Writer], None]
"""Writes all of an archive."""


class EngineError(ToolError):
    """An engine cannot be reached, or went away."""


class EngineRefusedError(EngineError):
    """An engine answered that it will not."""


class LocalEngine(Protocol):
    """An engine on this machine that keeps images and runs them.

    Every method raises ``EngineError``.
    """

    @property
    def transport(self) -> str:
        """Skopeo's word for where its images are."""

    def platform(self) -> Platform:
        """Say what it runs."""

    def image_ids(self) -> frozenset[Digest]:
        """List its images with names: by their configs, or in containerd's store by manifests."""

    def load(self, pour: Pour) -> None:
        """Take an archive; raise ``EngineRefusedError`` when it does not like it."""

    def tag(self, ids: Sequence[Digest], name: Reference) -> None:
        """Give the image that it knows by one of ``ids`` a name, taking it from any other image."""
