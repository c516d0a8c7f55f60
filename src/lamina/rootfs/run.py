"""Start a command in an unpacked image, with what this machine has: bubblewrap, crun or docker.

As root, the command runs as the image's very user.  Otherwise the kernel lets a caller be only
itself, so the caller appears under the image's number, and ``Running.notes`` says what that hides.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, Self

from lamina.errors import ToolError
from lamina.rootfs import bubblewrap, crun, docker
from lamina.rootfs.container import Container
from lamina.rootfs.heard import hears

Engine = Literal["bubblewrap", "crun", "docker"]

_PROGRAMS: dict[Engine, str] = {"bubblewrap": "bwrap", "crun": "crun", "docker": "docker"}
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_GRACE_S = 10.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a container will be started, and what that leaves inexact."""

    engine: Engine
    is_mapped: bool = False
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Running:
    """A started container; ``notes`` say what differs from a start by a real runtime."""

    process: subprocess.Popen[bytes]
    choice: Choice
    _pid: int | None = None
    _name: str = ""
    _cleanup: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def notes(self) -> tuple[str, ...]:
        """What differs from a start by a real runtime, one sentence each."""
        return self.choice.notes

    def send(self, number: int) -> None:
        """Send a signal to the container's first process; nothing if it has ended."""
        if self.process.poll() is not None:
            return
        if self.choice.engine == "docker":
            kill = ["docker", "kill", "--signal", str(int(number)), self._name]
            subprocess.run(kill, check=False, capture_output=True)
        elif self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def hears(self, number: int) -> bool:
        """Say whether the first process handles a signal; so does one that cannot be asked."""
        return self._pid is None or hears(self._pid, number)

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait for the end; the exit code, 128 + n after signal n.  ``TimeoutExpired`` if late."""
        code = self.process.wait(timeout_s)
        self._cleanup.close()
        return code if code >= 0 else 128 - code

    def stop(self, grace_s: float = 10.0) -> int:
        """Ask the command to end, then make it; the exit code as of ``wait``."""
        self.send(signal.SIGTERM)
        try:
            return self.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.wait(grace_s)
            self.process.kill()
            return self.wait()


def run(
    container: Container, *, engine: Engine | None = None, grace_s: float = _GRACE_S
) -> tuple[int, tuple[str, ...]]:
    """Run ``container`` on this process's own input and output, passing signals on, until it ends.

    It is the first process of its namespace, which the kernel spares every signal that it has no
    handler for; so a program that was asked to end and still runs after ``grace_s``, or is asked
    again, is killed.  Returns the exit code and the notes.  Call it from the main thread.
    """
    with _Signals(grace_s) as signals:
        running = start(container, engine=engine)
        signals.pass_on_to(running)
        return running.wait(), running.notes


def start(
    container: Container,
    *,
    engine: Engine | None = None,
    output: IO[bytes] | None = None,
) -> Running:
    """Start ``container``; both of its output streams go to ``output``, or where ours go.

    Raises ``ToolError`` if nothing on this machine can start it.
    """
    choice = choose(container, engine=engine)
    cleanup = contextlib.ExitStack()
    try:
        match choice.engine:
            case "bubblewrap":
                return _start_bubblewrap(container, choice, output)
            case "crun":
                return _start_crun(container, choice, output, cleanup)
            case "docker":
                return _start_docker(container, choice, output)
    except OSError as error:
        cleanup.close()
        raise ToolError(f"{choice.engine} could not be started", why=str(error)) from error


def choose(container: Container, *, engine: Engine | None = None) -> Choice:
    """Choose what starts ``container``: ``engine``, or the first that this machine has."""
    is_root = os.geteuid() == 0
    installed = [e for e in _PROGRAMS if shutil.which(_PROGRAMS[e]) and (e != "crun" or is_root)]
    if engine is not None and engine not in installed:
        raise _nothing(f"{_PROGRAMS[engine]} is not here, or needs root")
    candidates = [engine] if engine else installed
    reasons = []
    for candidate in candidates:
        if candidate != "bubblewrap":
            return Choice(engine=candidate)
        problem = _bubblewrap_problem()
        if problem is None:
            choice = _with_bubblewrap(container)
            # Root can have it exact with crun, where the image's user cannot reach the directory.
            if not choice.is_mapped or not is_root or "crun" not in candidates:
                return choice
        else:
            reasons.append(problem)
    raise _nothing("; ".join(reasons) or "bwrap, crun and docker are not installed")


def _with_bubblewrap(container: Container) -> Choice:
    identity, caller = container.identity, os.geteuid()
    if caller == identity.uid:
        return Choice(engine="bubblewrap")
    folders = (container.root, *(mount.source for mount in container.mounts))
    closed = [path for path in folders if not _can_enter(path, identity.uid)]
    if caller == 0 and not closed:
        return Choice(engine="bubblewrap")
    why = (
        f"user {identity.uid} cannot enter {closed[0]}"
        if caller == 0
        else "only root can start a command as another user"
    )
    note = (
        f"{why}, so the caller appears as user {identity.uid}: "
        "wrong owners and modes of files may go unnoticed"
    )
    return Choice(engine="bubblewrap", is_mapped=True, notes=(note,))


def _can_enter(path: Path, uid: int) -> bool:
    for directory in (path, *path.parents):
        status = directory.stat()
        if not status.st_mode & (0o100 if status.st_uid == uid else 0o001):
            return False
    return True


def _bubblewrap_problem() -> str | None:
    """Try bubblewrap on nothing: containers and AppArmor may forbid the namespaces it needs."""
    probe = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    result = subprocess.run(probe, check=False, capture_output=True)
    if result.returncode == 0:
        return None
    return f"bwrap: {result.stderr.decode(errors='replace').strip()[-300:]}"


def _nothing(why: str) -> ToolError:
    return ToolError(
        "nothing on this machine can start the image",
        hint="install bubblewrap, and allow user namespaces (AppArmor, seccomp), or run as root",
        why=why,
    )


def _start_bubblewrap(container: Container, choice: Choice, output: IO[bytes] | None) -> Running:
    identity = container.identity
    is_other = not choice.is_mapped and os.geteuid() != identity.uid
    reader, writer = os.pipe()
    try:
        process = subprocess.Popen(
            bubblewrap.command(container, is_mapped=choice.is_mapped, info_fd=writer),
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            pass_fds=(writer,),
            cwd="/",
            process_group=0,  # a terminal's Ctrl-C reaches us alone, and we pass it on
            user=identity.uid if is_other else None,
            group=identity.gid if is_other else None,
            extra_groups=identity.groups if is_other else None,
        )
        os.close(writer)
        writer = -1
        info = _read_all(reader)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    # Nothing arrives if bubblewrap itself fails; its message is then in the output.
    pid = int(json.loads(info)["child-pid"]) if info else None
    return Running(process=process, choice=choice, _pid=pid)


def _read_all(fd: int) -> bytes:
    return b"".join(iter(lambda: os.read(fd, 4096), b""))


def _start_crun(
    container: Container, choice: Choice, output: IO[bytes] | None, cleanup: contextlib.ExitStack
) -> Running:
    bundle = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="lamina-bundle-")))
    (bundle / "config.json").write_text(json.dumps(crun.config(container)), encoding="utf-8")
    process = subprocess.Popen(
        crun.command(str(bundle), name=f"lamina-{secrets.token_hex(6)}"),
        stdin=subprocess.DEVNULL,
        stdout=output,
        process_group=0,
        stderr=subprocess.STDOUT if output else None,
    )
    pid = _await_pid(bundle / "pid", process)
    return Running(process=process, choice=choice, _pid=pid, _cleanup=cleanup)


def _await_pid(path: Path, process: subprocess.Popen[bytes]) -> int | None:
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int(path.read_text(encoding="ascii"))
        time.sleep(_POLL_S)
    return None


def _start_docker(container: Container, choice: Choice, output: IO[bytes] | None) -> Running:
    made = subprocess.run(docker.IMPORT, input=bytes(1024), check=False, capture_output=True)
    if made.returncode:
        raise _nothing(f"docker: {made.stderr.decode(errors='replace').strip()[-300:]}")
    name = f"lamina-{secrets.token_hex(6)}"
    process = subprocess.Popen(
        docker.command(container, name=name),
        stdout=output,
        process_group=0,
        stderr=subprocess.STDOUT if output else None,
    )
    return Running(process=process, choice=choice, _name=name)


class _Signals:
    """Passes this process's signals on while the block runs; see :func:`run`.

    Those that come while the container starts are kept for it: nobody else would end it.
    """

    def __init__(self, grace_s: float) -> None:
        self._grace_s = grace_s
        self._running: Running | None = None
        self._early: list[int] = []
        self._is_asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        numbers = (*_ENDING, signal.SIGUSR1, signal.SIGALRM)
        self._before = {number: signal.signal(number, self._receive) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def pass_on_to(self, running: Running) -> None:
        self._running = running
        for number in self._early:
            self._receive(number, None)

    def _receive(self, number: int, _: object) -> None:
        if self._running is None:
            self._early.append(number)
        elif number == signal.SIGALRM or (self._is_asked and number in _ENDING):
            self._running.send(signal.SIGKILL)
        else:
            self._running.send(number)
            if number in _ENDING:
                self._is_asked = True
                signal.setitimer(signal.ITIMER_REAL, self._grace_s)
