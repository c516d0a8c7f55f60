"""Memo: what other machines remember of layers, so that nobody makes or fetches them twice."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from lamina.layer.contents import Contents
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.protocols import Content
from lamina.steps import Step

Finished = tuple[Layer, Contents]


class Memo(Protocol):
    """Layers by key, and facts by topic and key; what is found may be trusted.

    A layer that is found is known by its digests and contents; its bytes are wherever they are.
    Nothing here fails a build: a memo that cannot be read remembers nothing.  ``remembers`` is
    False for one that never does.
    """

    remembers: bool

    def find(self, keys: Sequence[str], step: Step) -> Mapping[str, Finished]:
        """Return those of the layers that are remembered."""

    def places(self, key: str) -> Sequence[str]:
        """List the repositories, as ``registry/repository``, that should have a found layer."""

    def find_fact(self, topic: str, key: str, step: Step) -> object:
        """Return what is remembered about ``key`` (a JSON value), or None."""

    def keep(self, key: str, layer: Layer, read: Callable[[], Contents]) -> None:
        """Note a layer that this build uses, to be saved; ``read`` is called if it is news."""

    def keep_fact(
        self, topic: str, key: str, value: object, *, since: float = 0.0, file: Path | None = None
    ) -> None:
        """Note a fact that this build uses (a JSON value), and the file it is about, if any.

        ``since`` is when it was found out; what was found out later replaces what is older.
        """

    def has_file(self, digest: Digest) -> bool:
        """Say whether the file of a fact can be had just now."""

    def open_file(self, digest: Digest) -> BinaryIO | None:
        """Open the file of a fact, None where there is none; what is read has its digest."""

    def save(self, content: Content, step: Step) -> None:
        """Write down what was noted, for the next machine; ``content`` has the layers' bytes."""


class NoMemo:
    """Remembers nothing: for builds that talk to no registry."""

    remembers = False

    def find(self, keys: Sequence[str], step: Step) -> Mapping[str, Finished]:  # noqa: ARG002
        """Find nothing."""
        return {}

    def places(self, key: str) -> Sequence[str]:  # noqa: ARG002
        """Know none."""
        return ()

    def find_fact(self, topic: str, key: str, step: Step) -> object:  # noqa: ARG002
        """Find nothing."""
        return None

    def keep(self, key: str, layer: Layer, read: Callable[[], Contents]) -> None:
        """Forget it."""

    def keep_fact(
        self, topic: str, key: str, value: object, *, since: float = 0.0, file: Path | None = None
    ) -> None:
        """Forget it."""

    def has_file(self, digest: Digest) -> bool:  # noqa: ARG002
        """Say no."""
        return False

    def open_file(self, digest: Digest) -> BinaryIO | None:  # noqa: ARG002
        """Find nothing."""
        return None

    def save(self, content: Content, step: Step) -> None:
        """Write nothing."""
