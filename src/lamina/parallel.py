"""The only place that starts threads: results in order, and the first failure cancels the rest."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Name = TypeVar("Name", bound=Hashable)
Part = TypeVar("Part")


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
    are fetched, and ready groups combined, in the order given.  Failures behave as in
    :func:`map_ordered`.
    """
    with ThreadPoolExecutor(fetchers) as network, ThreadPoolExecutor(combiners) as processor:
        try:
            return _gather(groups, fetch, combine, network, processor)
        except BaseException:
            network.shutdown(wait=False, cancel_futures=True)
            processor.shutdown(wait=False, cancel_futures=True)
            raise


def _gather(
    groups: Mapping[Name, Sequence[Item]],
    fetch: Callable[[Item], Part],
    combine: Callable[[Name, Sequence[Part]], Result],
    network: ThreadPoolExecutor,
    processor: ThreadPoolExecutor,
) -> dict[Name, Result]:
    waiting: dict[Name, list[Future[Part]]] = {
        name: [network.submit(fetch, item) for item in items] for name, items in groups.items()
    }
    combined: dict[Name, Future[Result]] = {}
    pending: set[Future[Part]] = {part for parts in waiting.values() for part in parts}
    while waiting:
        for name in [name for name, parts in waiting.items() if all(p.done() for p in parts)]:
            parts = [part.result() for part in waiting.pop(name)]
            combined[name] = processor.submit(combine, name, parts)
        _raise_first_failure(combined.values())
        if waiting:
            _, pending = wait(pending, return_when=FIRST_COMPLETED)
    return {name: combined[name].result() for name in groups}


def _raise_first_failure(futures: Iterable[Future[Result]]) -> None:
    for future in futures:
        if future.done():
            future.result()
