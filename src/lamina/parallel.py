"""The only place that starts threads: results in order, and the first failure cancels the rest."""

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Name = TypeVar("Name", bound=Hashable)
Part = TypeVar("Part")


class Later(Generic[Result]):
    """A call that runs from now on in a thread of its own.

    One that ``is_abandonable`` does not keep the program from ending.
    """

    def __init__(self, function: Callable[[], Result], *, is_abandonable: bool = False) -> None:
        self._future: Future[Result] = Future()
        threading.Thread(target=self._run, args=(function,), daemon=is_abandonable).start()

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
    are cancelled.
    """
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


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
    with ThreadPoolExecutor(fetchers) as network, ThreadPoolExecutor(combiners) as processor:
        try:
            waiting = {
                name: [network.submit(fetch, item) for item in items]
                for name, items in groups.items()
            }
            combined = _combine_when_ready(
                waiting, lambda name, parts: processor.submit(combine, name, parts), combiners
            )
            return {name: combined[name].result() for name in groups}
        except BaseException:
            network.shutdown(wait=False, cancel_futures=True)
            processor.shutdown(wait=False, cancel_futures=True)
            raise


def _combine_when_ready(
    waiting: dict[Name, list[Future[Part]]],
    combine: Callable[[Name, Sequence[Part]], Future[Result]],
    combiners: int,
) -> dict[Name, Future[Result]]:
    """Start ``combine`` on the first ready group whenever fewer than ``combiners`` are running."""
    combined: dict[Name, Future[Result]] = {}
    running: set[Future[Result]] = set()
    while waiting:
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


def _first_done(futures: set[Future[Any]]) -> set[Future[Any]]:
    return wait(futures, return_when=FIRST_COMPLETED).done


def _raise_first_failure(futures: Iterable[Future[Any]]) -> None:
    for future in futures:
        future.result()
