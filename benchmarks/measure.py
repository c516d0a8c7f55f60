"""Run a command as a whole process tree: its seconds, and the most memory that it held at once."""

import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PERIOD_S = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How long a command took, and the peak of the resident memory of all its processes."""

    seconds: float
    peak_bytes: int
    output: str


def measure(
    command: Sequence[str | Path], *, environment: Mapping[str, str], directory: Path | None = None
) -> Measured:
    """Run ``command`` to its end; raise ``RuntimeError`` with what it said if it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=directory,
        text=True,
    )
    watcher = _Watcher(process.pid)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - began
    watcher.stop()
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}:\n{output[-4000:]}")
    return Measured(seconds=seconds, peak_bytes=watcher.peak, output=output)


class _Watcher(threading.Thread):
    """Adds up the memory of a process and its descendants, several times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._done = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._done.wait(_PERIOD_S):
            self.peak = max(self.peak, _resident(self._pid))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _resident(root: int) -> int:
    children: dict[int, list[int]] = defaultdict(list)
    pages: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        pid = int(path.parent.name)
        children[int(fields[1])].append(pid)
        pages[pid] = int(fields[21])
    total, todo = 0, [root]
    while todo:
        pid = todo.pop()
        total += pages.get(pid, 0) * _PAGE
        todo += children[pid]
    return total
