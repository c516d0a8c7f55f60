"""Ahead: layers go to a repository while others are still made; manifests and tags come at last."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from lamina.errors import LaminaError
from lamina.events import BlobTransferred
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.parallel import Meanwhile, check_wanted
from lamina.protocols import Content
from lamina.registry.upload import Uploader
from lamina.steps import Step

_WORKERS = 2


class Ahead:
    """Sends layers to one repository as they are offered, a few at a time.

    ``open_uploader`` is called with the first one.  A failure ends the head start and nothing else:
    whatever it did not send, the push sends, and says what is wrong if that fails as well.
    """

    def __init__(self, open_uploader: Callable[[], Uploader]) -> None:
        self._open_uploader = open_uploader
        self._uploader: Uploader | None = None
        self._lock = threading.Lock()
        self._sent: set[Digest] = set()
        self._bytes: dict[Digest, int] = {}
        self._step: Step | None = None
        self._calls: Meanwhile | None = None
        self._has_failed = False
        self._end = ExitStack()

    @contextmanager
    def running(self, step: Step) -> Iterator[None]:
        """Take offers until :meth:`finish`; an exception gives up what is on its way.

        ``step`` is entered with the first offer.
        """
        self._step = step
        try:
            yield
        except BaseException:
            self._stop(Meanwhile.abandon)  # a silent registry must not keep back what went wrong
            raise
        self.finish()

    def offer(self, layer: Layer, content: Content) -> None:
        """Begin to send a layer, whose bytes ``content`` has; any thread may call this."""
        with self._lock:
            if self._step is None:
                return
            if self._calls is None:
                self._calls = Meanwhile(workers=_WORKERS)
                self._end.enter_context(self._step)
            self._calls.begin(partial(self._send, self._step, layer.descriptor, content))

    def finish(self) -> frozenset[Digest]:
        """Take no more offers, wait for what is being sent, and say what the repository has."""
        self._stop(Meanwhile.end)
        return frozenset(self._sent)

    def _stop(self, how: Callable[[Meanwhile], None]) -> None:
        with self._lock:
            calls, self._calls, self._step = self._calls, None, None
        with self._end.pop_all():
            if calls is not None:
                how(calls)

    def _send(self, step: Step, descriptor: Descriptor, content: Content) -> None:
        if self._has_failed:
            return
        progress = partial(self._progress, step, descriptor.digest)
        try:
            how = self._open().transfer(descriptor, content.open, progress=progress)
        except LaminaError as error:
            self._fail(step, error)
            return
        with self._lock:
            self._sent.add(descriptor.digest)
        step.tell(BlobTransferred, digest=descriptor.digest, size=descriptor.size, transfer=how)

    def _fail(self, step: Step, error: LaminaError) -> None:
        with self._lock:
            is_first, self._has_failed = not self._has_failed, True
        if is_first:
            step.log(f"the rest is left to the push: {error}")

    def _open(self) -> Uploader:
        with self._lock:
            if self._uploader is None:
                self._uploader = self._open_uploader()
            return self._uploader

    def _progress(self, step: Step, digest: Digest, count: int) -> None:
        check_wanted()
        with self._lock:
            self._bytes[digest] = count
            total = sum(self._bytes.values())
        step.progress(total)
