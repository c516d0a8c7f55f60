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
    """A head start for the first repository of each registry, from which the others take it over.

    Layers may be in the repositories of ``near`` already.  A reference by digest gets none: the
    finished image may have another.
    """

    def __init__(
        self,
        references: Sequence[Reference],
        open_client: OpenClient,
        *,
        near: Sequence[Reference] = (),
    ) -> None:
        self._near = near
        self._references = references
        self._open_client = open_client
        self._firsts: dict[str, Reference] = {}
        for reference in references:
            if reference.digest is None:
                self._firsts.setdefault(_registry(reference), reference)
        self._aheads = {
            registry: Ahead(partial(self._open_uploader, reference))
            for registry, reference in self._firsts.items()
        }

    def of(self, reference: Reference) -> Ahead | None:
        """Return the head start of pushes to the repository of ``reference``, whatever the tag."""
        first = self._firsts.get(_registry(reference))
        is_first = first is not None and _repository(first) == _repository(reference)
        return self._aheads[_registry(reference)] if is_first else None

    def near(self, reference: Reference) -> Sequence[Reference]:
        """List where layers may be when the push to ``reference`` begins: those before it too."""
        earlier = self._references[: self._references.index(reference)]
        return (*reversed(earlier), *self._near)

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
        return Uploader(self._open_client(reference, mounts=self._near))


def _registry(reference: Reference) -> str:
    return reference.qualified.partition("/")[0]


def _repository(reference: Reference) -> tuple[str, str]:
    return reference.registry, reference.repository
