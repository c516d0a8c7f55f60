"""Runs trainings one after another in the background, and remembers how they went."""

from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from enum import StrEnum
from threading import Event

from pydantic import BaseModel

from aml_agent.errors import AmlError, UnknownModelError
from aml_agent.records import ModelRecord


class State(StrEnum):
    """How far a training is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(BaseModel):
    """One training as the service shows it; ``error`` says why it failed."""

    id: str
    state: State
    error: str | None = None


class Jobs:
    """A queue with one worker: two searches at once would only take time from each other."""

    def __init__(self) -> None:
        self.cancelled = Event()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="train")
        self._futures: dict[str, Future[ModelRecord]] = {}

    def start(self, id_: str, work: Callable[[], ModelRecord]) -> Job:
        """Queue ``work`` under ``id_``."""
        self._futures[id_] = self._pool.submit(work)
        return self.show(id_)

    def show(self, id_: str) -> Job:
        """Return the training's state. Raises ``UnknownModelError`` if none was started as it."""
        future = self._futures.get(id_)
        if future is None:
            raise UnknownModelError(f"no training {id_!r} since the service started")
        if not future.done():
            return Job(id=id_, state=State.RUNNING if future.running() else State.WAITING)
        error = _error(future)
        return Job(id=id_, state=State.FAILED if error else State.DONE, error=error)

    def stop(self) -> None:
        """Cancel what waits, tell what runs to give up, and wait for it to do so."""
        self.cancelled.set()
        self._pool.shutdown(wait=True, cancel_futures=True)


def _error(future: Future[ModelRecord]) -> str | None:
    try:
        error = future.exception()
    except CancelledError:
        return "training was cancelled"
    if error is None or isinstance(error, AmlError):
        return str(error) if error else None
    return f"internal error: {type(error).__name__}: {error}"
