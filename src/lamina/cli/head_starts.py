"""Head starts: the repositories that a build pushes to get layers while others are made."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from lamina.cli.registries import OpenClient
from lamina.events import BESIDE
from lamina.oci.layer import Layer
from lamina.oci.reference import Reference
from lamina.protocols import Content
from lamina.registry.ahead import Ahead
from lamina.registry.upload import Uploader
from lamina.steps import Step


class HeadStarts:
    """One head start for each repository; layers may be in those of ``near`` already."""

    def __init__(
        self,
        references: Sequence[Reference],
        open_client: OpenClient,
        *,
        near: Sequence[Reference] = (),
    ) -> None:
        self.near = near
        self._open_client = open_client
        self._aheads: dict[tuple[str, str], Ahead] = {}
        for reference in references:
            ahead = Ahead(partial(self._open_uploader, reference))
            self._aheads.setdefault(_repository(reference), ahead)

    def of(self, reference: Reference) -> Ahead:
        """Return the head start of pushes to the repository of ``reference``, whatever the tag."""
        return self._aheads[_repository(reference)]

    def offer(self, layer: Layer, content: Content) -> None:
        """Offer a layer to all of them."""
        for ahead in self._aheads.values():
            ahead.offer(layer, content)

    @contextmanager
    def running(self, step: Step) -> Iterator[None]:
        """Take offers while the block runs."""
        with ExitStack() as stack:
            for ahead in self._aheads.values():  # unnamed: a record goes to each, of none but it
                stack.enter_context(ahead.running(step.child(BESIDE)))
            yield

    def _open_uploader(self, reference: Reference) -> Uploader:
        return Uploader(self._open_client(reference, mounts=self.near))


def _repository(reference: Reference) -> tuple[str, str]:
    return reference.registry, reference.repository
