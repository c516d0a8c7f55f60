"""Who uses the store now, and when each part was used last: what makes pruning safe.

A process that opens the store holds a lock on a file of its own below ``running``; the kernel lets
go of it however the process ends.  What a process relies on carries that file's time or a later
one, as its time of modification.  Access times would cost nothing, and are off or coarse on most
machines; and archives of a store, as CI systems keep them, have only times of modification.
"""

import errno
import fcntl
import os
import secrets
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lamina.errors import StoreError

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}

_MARGIN_NS: Final = 3600 * 10**9
"""Parts used so long before a running process began are kept as well: clocks may be set back."""


class Uses:
    """The users of one store: this process, once it has begun, and all others that run."""

    def __init__(self, root: Path) -> None:
        self._gate = root / "version"  # every store has it, and it never changes
        self._running = root / "running"
        self._own = ""
        self._since = 0
        self._end: Callable[[], object] = lambda: None

    def begin(self) -> None:
        """Say that this process uses the store, until this object or the process is gone.

        On a disk that cannot be written or locked nothing is said; nobody can prune there either.
        """
        name = secrets.token_hex(12)
        with suppress(OSError), self._shared():
            try:
                held = self._hold(self._running / name)
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                os.utime(self._gate)  # needs no space: whoever wants to prune must be able to
                self._since = self._gate.stat().st_mtime_ns
            else:
                self._own, self._since = name, os.fstat(held).st_mtime_ns

    def end(self) -> None:
        """Say that this process relies on nothing in the store any more."""
        self._end()
        self._own, self._since = "", 0

    def note(self, path: Path) -> bool:
        """Say whether ``path`` is there, and if so that it is used; it then stays while we run."""
        try:
            status = path.stat()
            if status.st_mtime_ns < self._since:
                with self._shared():  # whoever prunes looks and removes in one go
                    os.utime(path, ns=(status.st_atime_ns, self._since))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return path.exists()  # a disk that cannot be written: nothing can be pruned there
        return True

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others from beginning and from noting uses while the block runs; keep it short.

        Raises ``StoreError`` where the store cannot be written or locked.
        """
        try:
            held = os.open(self._gate, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unusable(self._gate, error) from error
        try:
            _lock(held, self._gate)
            yield
        finally:
            os.close(held)

    def safe_before(self) -> int:
        """Return the time, in nanoseconds, since when somebody may rely on what was used.

        To be called in :meth:`alone`.  It forgets processes that have ended.
        """
        if not self._since:  # nothing could be written when we began
            raise _unusable(self._running, OSError(errno.EROFS, os.strerror(errno.EROFS)))
        running = self._running.iterdir() if self._running.is_dir() else ()
        others = (self._begun(path) for path in running if path.name != self._own)
        return min([self._since, *(begun - _MARGIN_NS for begun in others if begun is not None)])

    def _begun(self, path: Path) -> int | None:
        """Say when a process began; None where it has ended."""
        try:
            with path.open("r+b") as file:
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                    return None
                return os.fstat(file.fileno()).st_mtime_ns
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(path, error) from error

    def _hold(self, path: Path) -> int:
        self._running.mkdir(exist_ok=True)
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._end = weakref.finalize(self, _end, path, held, os.getpid())
        fcntl.flock(held, fcntl.LOCK_EX)
        return held

    @contextmanager
    def _shared(self) -> Iterator[None]:
        held = os.open(self._gate, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_SH)
            yield
        finally:
            os.close(held)


def _lock(held: int, path: Path) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"nothing can be removed from the store: {error.strerror or error}",
        where=str(path),
        hint="prune where the store can be written and its disk knows locks",
    )


def _end(path: Path, held: int, process: int) -> None:
    """Let go; a forked child must not end its parent's use."""
    if os.getpid() == process:
        with suppress(OSError):
            path.unlink()
    os.close(held)
