"""Watch: run a container, and start it again each time that the files it runs change."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

from lamina.rootfs.container import Container
from lamina.rootfs.run import Engine, Running, start

Snapshot = Mapping[str, tuple[int, int]]
"""Modification time and size of each file, by its path below the project."""

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_LOOK_S = 0.25
_SHARE = 4
"""A large project is looked at less often: the pause is this many times as long as the look."""
_QUIET_S = 0.15
"""An editor or a checkout writes several files: they are one change when nothing follows."""
_TERM_S = 0.75
_GRACE_S = 5.0
_NAMED = 3


def watch(
    container: Container,
    look: Callable[[], Snapshot],
    say: Callable[[str], None],
    *,
    engine: Engine | None = None,
) -> int:
    """Run ``container`` again and again until this process is told to end; 128 and the signal.

    ``look`` says how the files are now, and ``say`` tells the user what happens.  A program that
    ends by itself is left alone until a file changes.  Call it from the main thread.
    """
    with _Ending() as ending:
        seen = look()
        while not ending.number:
            running = start(container, engine=engine)
            try:
                changed = _until_changed(running, seen, look, say, ending)
            finally:
                end(running)
            if changed:
                seen = changed
    return 128 + ending.number


def snapshot(directory: Path, files: Iterable[Path]) -> Snapshot:
    """Look at ``files`` of ``directory``; one that is gone by now is not in it."""
    found: dict[str, tuple[int, int]] = {}
    for path in files:
        try:
            status = path.stat()
        except OSError:
            continue
        found[path.relative_to(directory).as_posix()] = (status.st_mtime_ns, status.st_size)
    return found


def difference(before: Snapshot, after: Snapshot) -> str:
    """Name what changed, a few of many; empty when nothing did.

    >>> difference({"a.py": (1, 1)}, {"a.py": (2, 1), "b.py": (2, 5)})
    'a.py, b.py (new)'
    """
    names = [
        name + (" (new)" if name not in before else " (gone)" if name not in after else "")
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def end(running: Running) -> None:
    """End a container that may hear no signal but one that Python always hears, or none at all.

    The first process of a container is spared every signal that it has no handler for.  One that
    has none for SIGTERM is killed, as SIGTERM does to any other process; the interrupt that Python
    always hears would show the user a traceback with every change.
    """
    if not running.hears(signal.SIGTERM):
        running.send(signal.SIGKILL)
    for number, patience_s in (
        (signal.SIGTERM, _TERM_S),
        (signal.SIGINT, _GRACE_S),
        (signal.SIGKILL, _GRACE_S),
    ):
        running.send(number)
        try:
            running.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
        return
    running.process.kill()
    running.wait()


def _until_changed(
    running: Running,
    seen: Snapshot,
    look: Callable[[], Snapshot],
    say: Callable[[str], None],
    ending: "_Ending",
) -> Snapshot | None:
    """Wait for a change, and for the end of it; None when it is this process that has to end."""
    is_told, looked_s = False, 0.0
    while not ending.number:
        time.sleep(max(_LOOK_S, _SHARE * looked_s))
        if not is_told and running.process.poll() is not None:
            say(f"ended with {running.wait()}; waiting for a change")
            is_told = True
        began = time.monotonic()
        now = look()
        looked_s = time.monotonic() - began
        if now != seen and (found := _settled(look)) != seen:
            say(f"changed: {difference(seen, found)}; starting again")
            return found
    return None


def _settled(look: Callable[[], Snapshot]) -> Snapshot:
    found = look()
    while True:
        time.sleep(_QUIET_S)
        again = look()
        if again == found:
            return found
        found = again


class _Ending:
    """Keeps the first signal that asks this process to end while the block runs; 0 for none."""

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._receive) for number in _ENDING}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _: FrameType | None) -> None:
        self.number = self.number or number
