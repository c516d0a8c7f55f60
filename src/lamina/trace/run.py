"""Run a build's command and read what it says on its way to the user."""

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lamina.errors import ToolError
from lamina.trace.command import TRACE_FILE, Display, Recording
from lamina.trace.detect import Found, Reader, read_builds
from lamina.trace.screen import Screen, screen, write_all

_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 20
_REDRAWN_EVERY_S = 0.15
_BY_SIGNAL = 128
_FORWARDED = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the command ended, as a shell would say, and which builds it reported."""

    code: int
    builds: tuple[Found, ...]
    is_interrupted: bool


def run_recorded(
    recording: Recording,
    environment: Mapping[str, str],
    *,
    clock: Callable[[], float],
    stdout: int = 1,
    stderr: int = 2,
) -> Ended:
    """Run the command to its end, its output passed on to the descriptors as it comes.

    Raises ``ToolError`` if it cannot be started.  Whatever goes wrong with the reading, the
    command's own exit code is returned.
    """
    if recording.trace:
        with tempfile.TemporaryDirectory(prefix="lamina-trace-") as folder:
            return _run_with_file(recording, environment, Path(folder) / "trace.jsonl")
    run = _Run(recording, clock=clock, stdout=stdout, stderr=stderr)
    with _signals_of(recording.command, environment, recording) as (process, received):
        run.pump(process)
        code = process.wait()
    builds = run.close()
    return Ended(code=_exit_code(code), builds=builds, is_interrupted=bool(received))


def _run_with_file(recording: Recording, environment: Mapping[str, str], path: Path) -> Ended:
    command = tuple(str(path) if word == TRACE_FILE else word for word in recording.command)
    with _signals_of(command, environment, recording) as (process, received):
        code = process.wait()
    builds: tuple[Found, ...] = ()
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
        builds = tuple(read_builds(lines))
    return Ended(code=_exit_code(code), builds=builds, is_interrupted=bool(received))


def _exit_code(code: int) -> int:
    return code if code >= 0 else _BY_SIGNAL - code


@contextlib.contextmanager
def _signals_of(
    command: tuple[str, ...], environment: Mapping[str, str], recording: Recording
) -> Iterator[tuple["subprocess.Popen[bytes]", list[int]]]:
    """Start the command; while it runs, signals are its to answer, and we live on to the end.

    A terminal sends Ctrl-C to the whole group, the command included; without a terminal whoever
    sends a signal to us means the command, and gets it forwarded.
    """
    received: list[int] = []
    process: subprocess.Popen[bytes] | None = None
    is_attended = any(os.isatty(stream) for stream in (0, 1, 2) if _is_open(stream))

    def answer(number: int, _frame: object) -> None:
        received.append(number)
        if process is not None and not (is_attended and number == signal.SIGINT):
            process.send_signal(number)

    handlers = {
        number: signal.signal(number, answer)
        for number in (signal.SIGINT, *_FORWARDED)
        if signal.getsignal(number) is not signal.SIG_IGN  # `nohup lamina trace` stays what it is
    }
    try:
        process = _start(command, environment, recording)
        with process:
            yield process, received
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _is_open(stream: int) -> bool:
    try:
        os.fstat(stream)
    except OSError:
        return False
    return True


def _start(
    command: tuple[str, ...], environment: Mapping[str, str], recording: Recording
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE if recording.reads_stdout else None,
            stderr=subprocess.PIPE if recording.reads_stderr else None,
            env=dict(environment),
        )
    except OSError as error:
        raise ToolError(
            f"cannot start {command[0]}",
            hint="what stands after -- is run as it is: is the program installed?",
            why=error.strerror,
        ) from error


class _Pending:
    """A line whose end has not come; what it has beyond ``_LONGEST_LINE`` is dropped."""

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take a chunk in; yield the lines that it ends."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._keep(end)
            yield self.take()
        self._keep(rest)

    def take(self) -> bytes:
        """Return what there is of the line, and begin another one."""
        line = bytes(self._line)
        self._line.clear()
        return line

    def _keep(self, part: bytes) -> None:
        self._line += part[: _LONGEST_LINE - len(self._line)]


class _Run:
    """The streams of one command: passed on first, then read."""

    def __init__(
        self, recording: Recording, *, clock: Callable[[], float], stdout: int, stderr: int
    ) -> None:
        self._clock = clock
        self._reader = Reader()
        self._builds: list[Found] = []
        self._pending = {target: _Pending() for target in (stdout, stderr)}
        self._screen: Screen | None = None
        if recording.display is not Display.UNTOUCHED:
            self._screen = screen(recording.display, stderr)
        self._targets = (stdout, stderr)

    def pump(self, process: "subprocess.Popen[bytes]") -> None:
        """Pass on and read until the command has ended, or closed its streams.

        What it leaves running in the background may keep them open, and is not waited for.
        """
        with selectors.DefaultSelector() as selector:
            for stream, target in zip((process.stdout, process.stderr), self._targets, strict=True):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, target)
            while selector.get_map():
                ready = selector.select(_REDRAWN_EVERY_S)
                if not ready and process.poll() is not None:
                    break
                for key, _ in ready:
                    chunk = os.read(key.fd, _CHUNK)
                    if not chunk or not self._take(chunk, key.data):
                        selector.unregister(key.fileobj)
                        key.fileobj.close()  # type: ignore[union-attr] # a pipe, no number
                self._draw()

    def close(self) -> tuple[Found, ...]:
        """Read what is left; return the builds."""
        for target, pending in self._pending.items():
            rest = pending.take()
            if rest:
                self._line(rest, target)
        self._draw(is_last=True)
        self._builds += self._reader.close()
        return tuple(self._builds)

    def _take(self, chunk: bytes, target: int) -> bool:
        """Pass a chunk on, and read its lines; say whether the user still listens."""
        is_shown = self._screen is not None and target == self._targets[1]
        # If the reader has gone, the command shall notice, as it would have without us.
        if not is_shown and not write_all(target, chunk):
            return False
        for line in self._pending[target].feed(chunk):
            self._line(line, target)
        return True

    def _line(self, line: bytes, target: int) -> None:
        text = line.decode("utf-8", "replace")
        try:
            self._builds += self._reader.feed(text, self._clock())
            if self._screen is not None and target == self._targets[1]:
                self._screen.feed(text)
        except Exception:  # noqa: BLE001 - our bug must not cost the user the build
            if self._screen is not None:
                self._screen = None
                write_all(target, line + b"\n")

    def _draw(self, *, is_last: bool = False) -> None:
        if self._screen is not None:
            now = self._clock()
            self._screen.draw(lambda: self._reader.current(now), now=now, is_last=is_last)
