"""Start a server, wait until it answers, and end it by its pid."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_PAUSE_S = 0.05
_GRACE_S = 20


@contextmanager
def server(
    command: Sequence[str | Path],
    *,
    log: Path,
    is_ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 60,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run ``command`` while the block runs; its output goes to the file ``log``.

    Raises ``RuntimeError`` with the end of the log when it ends, or is not ready in time.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
        )
    try:
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} is not ready:\n{log.read_text()[-2000:]}")
            time.sleep(_PAUSE_S)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(*command: str | Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return its output; fail with what it said."""
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        capture_output=True,
        text=True,
        env=None if environment is None else dict(environment),
    )
    if done.returncode:
        shown = " ".join(map(str, command))
        raise AssertionError(f"{shown} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


def free_port() -> int:
    """Find a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    """Say whether a GET of ``url`` is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
