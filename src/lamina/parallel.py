"""The only place that starts threads: results in order, and the first failure cancels the rest."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Name = TypeVar("Name", bound=Hashable)
Part = TypeVar("Part")

_NAME: Final = "lamina-pool"
_STOPS: ContextVar[tuple[threading.Event, ...]] = ContextVar("_STOPS", default=())
"""One of them is set once nobody wants what this thread does: another call failed, or Ctrl-C."""


class GivenUp(BaseException):
    """A call was not brought to its end: another one failed, or somebody pressed Ctrl-C."""


def check_wanted() -> None:
    """Raise ``GivenUp`` where nobody wants what this call does; what takes long should ask."""
    if any(stop.is_set() for stop in _STOPS.get()):
        raise GivenUp


def have_ended(*, within_s: float) -> bool:
    """Give up what runs for :class:`Later`, and wait for all that was given up; say if it ended.

    A call that waits for a server does not hear of it.
    """
    until = time.monotonic() + within_s
    left = [one for one in threading.enumerate() if one.name.startswith(_NAME)]
    for thread in left:
        if isinstance(thread, _Beside):
            thread.stop.set()
    for thread in left:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in left)


@contextmanager
def _pools(stop: threading.Event, *workers: int) -> Iterator[list[ThreadPoolExecutor]]:
    """Start threads that have ended when the block has, but after Ctrl-C, which waits for none.

    When the block fails, ``stop`` is set, and what has not begun never does.
    """
    pools = [ThreadPoolExecutor(count, thread_name_prefix=_NAME) for count in workers]
    try:
        yield pools
    except BaseException as error:
        stop.set()
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        if isinstance(error, KeyboardInterrupt):
            raise
        for pool in pools:
            pool.shutdown()
        raise
    for pool in pools:
        pool.shutdown()


class _Beside(threading.Thread):
    """A thread that is given up with the call that starts it, or when the program ends."""

    def __init__(self, function: Callable[[], None]) -> None:
        self.stop = threading.Event()
        context = copy_context()
        context.run(_STOPS.set, (*_STOPS.get(), self.stop))
        super().__init__(target=context.run, args=(function,), name=_NAME)


class Later(Generic[Result]):
    """A call that runs from now on in a thread of its own.

    It is given up with the call that begins it, but for one that ``is_abandonable``, which does
    not keep the program from ending; see :func:`have_ended`.
    """

    def __init__(self, function: Callable[[], Result], *, is_abandonable: bool = False) -> None:
        self._future: Future[Result] = Future()
        run = partial(self._run, function)
        if is_abandonable:
            threading.Thread(target=Context().run, args=(run,), daemon=True).start()
        else:
            _Beside(run).start()

    def result(self, *, timeout_s: float | None = None) -> Result:
        """Wait for what the call returns, or raise what it raised.

        Raises ``TimeoutError`` when that takes longer than ``timeout_s``.
        """
        return self._future.result(timeout_s)

    def _run(self, function: Callable[[], Result]) -> None:
        try:
            self._future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is asked for
            self._future.set_exception(error)


def map_ordered(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int
) -> list[Result]:
    """Apply ``function`` to each item in ``workers`` threads; results come in the items' order.

    The first failure is raised once the calls already running have ended; calls not yet started
    are cancelled.  ``KeyboardInterrupt`` is raised at once.
    """
    stop = threading.Event()
    call = _stoppable(function, stop)
    with _pools(stop, workers) as (pool,):
        futures = [pool.submit(call, item) for item in items]
        return [future.result() for future in futures]


class Meanwhile:
    """Calls beside other work, in ``workers`` threads; what has not begun at the end never does."""

    def __init__(self, *, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=_NAME)
        self._futures: list[Future[None]] = []
        self._stop = threading.Event()

    def begin(self, function: Callable[[], None]) -> None:
        """Make the call as soon as a thread is free."""
        call = _stoppable(lambda _: function(), self._stop)
        self._futures.append(self._pool.submit(call, None))

    def end(self) -> None:
        """Wait for the calls that have begun, and raise what one of them raised."""
        self._pool.shutdown(cancel_futures=True)
        _raise_first_failure({one for one in self._futures if not one.cancelled()})

    def abandon(self) -> None:
        """Give up all calls, and wait for none; see :func:`have_ended`."""
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)


class NamedLocks(Generic[Name]):
    """A lock for each name, so that of what several threads need, one makes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: defaultdict[Name, threading.Lock] = defaultdict(threading.Lock)

    def of(self, name: Name) -> threading.Lock:
        """Return the lock of ``name``, the same for all who ask."""
        with self._lock:
            return self._locks[name]


class Turn:
    """One call's place among those that run together, for what they do one after another."""

    def __init__(self, before: "Turn | None" = None) -> None:
        self._before = before
        self._over: Future[None] = Future()

    def wait(self) -> None:
        """Wait until the call before has had its turn; raise ``GivenUp`` if another failed."""
        if self._before is not None:
            self._before._over.result()  # noqa: SLF001 - another of the same class
        check_wanted()

    def end(self, *, has_failed: bool = False) -> None:
        """Let the next call go on; ending again changes nothing."""
        if self._over.done():
            return
        if has_failed:
            self._over.set_exception(GivenUp())
        else:
            self._over.set_result(None)


def together(function: Callable[[Item, Turn], Result], items: Sequence[Item]) -> list[Result]:
    """Apply ``function`` to all items at once; results come in the items' order.

    What the calls do between ``turn.wait()`` and ``turn.end()`` they do one after another, in that
    order.  Of several failures the first in time is raised, once all calls have ended; the others
    give up at their turn, or the next item of a :func:`map_ordered` or :func:`gather_then`.
    """
    if len(items) == 1:
        return [function(items[0], Turn())]
    has_failed = threading.Event()
    stops = (*_STOPS.get(), has_failed)
    failures: list[BaseException] = []

    def call(item: Item, turn: Turn) -> Result:
        _STOPS.set(stops)
        try:
            result = function(item, turn)
        except BaseException as error:
            failures.append(error)
            has_failed.set()
            turn.end(has_failed=True)
            raise
        turn.end()
        return result

    with _pools(has_failed, max(1, len(items))) as (pool,):
        turns = [Turn()]
        for _ in items[1:]:
            turns.append(Turn(turns[-1]))
        futures = [pool.submit(call, *pair) for pair in zip(items, turns, strict=True)]
        wait(futures)
    if failures:
        raise failures[0]
    return [future.result() for future in futures]


def gather_then(
    groups: Mapping[Name, Sequence[Item]],
    *,
    fetch: Callable[[Item], Part],
    combine: Callable[[Name, Sequence[Part]], Result],
    fetchers: int,
    combiners: int,
) -> dict[Name, Result]:
    """Fetch every item of every group, and combine a group as soon as all of its items are there.

    Fetching overlaps combining, so the network and the processor work at the same time.  Items
    are fetched in the order given.  Of the groups that are ready the first given is combined
    first: name the longest first, so that none of them is left for the end.  Failures behave as
    in :func:`map_ordered`.
    """
    stop = threading.Event()
    fetch_one = _stoppable(fetch, stop)

    def combine_group(group: tuple[Name, Sequence[Part]]) -> Result:
        return combine(*group)

    combine_one = _stoppable(combine_group, stop)
    with _pools(stop, fetchers, combiners) as (network, processor):
        waiting = {
            name: [network.submit(fetch_one, item) for item in items]
            for name, items in groups.items()
        }
        combined = _combine_when_ready(
            waiting, lambda name, parts: processor.submit(combine_one, (name, parts)), combiners
        )
        return {name: combined[name].result() for name in groups}


def _combine_when_ready(
    waiting: dict[Name, list[Future[Part]]],
    combine: Callable[[Name, Sequence[Part]], Future[Result]],
    combiners: int,
) -> dict[Name, Future[Result]]:
    """Start ``combine`` on the first ready group whenever fewer than ``combiners`` are running."""
    combined: dict[Name, Future[Result]] = {}
    running: set[Future[Result]] = set()
    while waiting:
        check_wanted()
        fetched = {part for parts in waiting.values() for part in parts if part.done()}
        _raise_first_failure(fetched)
        ready = [name for name, parts in waiting.items() if fetched.issuperset(parts)]
        for name in ready[: combiners - len(running)]:
            combined[name] = combine(name, [part.result() for part in waiting.pop(name)])
            running.add(combined[name])
        fetching = {part for parts in waiting.values() for part in parts} - fetched
        done = _first_done({*fetching, *running})
        _raise_first_failure(done)
        running -= done
    return combined


def _stoppable(
    function: Callable[[Item], Result], stop: threading.Event
) -> Callable[[Item], Result]:
    """Let a call know, in its own thread, when it is not wanted; such a one does not begin."""
    stops = (*_STOPS.get(), stop)

    def call(item: Item) -> Result:
        _STOPS.set(stops)
        check_wanted()
        return function(item)

    return call


def _first_done(futures: set[Future[Any]]) -> set[Future[Any]]:
    return wait(futures, return_when=FIRST_COMPLETED).done


def _raise_first_failure(futures: Iterable[Future[Any]]) -> None:
    for future in futures:
        future.result()
