"""A bubblewrap sandbox for code that nobody has reviewed: no network, no home, no credentials.

What runs inside sees a read-only root, the directories that are handed in, an empty /tmp, and an
environment of exactly the variables that are named (bwrap(1)).
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lamina.errors import ToolError
from lamina.processes import until_it_ends

_USER = "1000"
_TAIL_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """What the sandbox stands on; paths inside to paths on this machine, all read-only.

    ``links`` are symbolic links inside, by path.  ``python`` is the interpreter's path inside.
    """

    name: str
    python: str
    mounts: Mapping[str, Path]
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One command: what it may read, where it may write, and the whole of its environment."""

    root: Root
    arguments: tuple[str, ...]
    reads: Mapping[str, Path] = field(default_factory=dict)
    writes: Mapping[str, Path] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = "/tmp"  # noqa: S108 - the sandbox's own
    timeout_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a job ended: its exit code, None if it ran out of time, and its last output."""

    code: int | None
    output: tuple[str, ...]


def command(job: Job) -> list[str]:
    """Return the command line that runs ``job``."""
    return [
        *("bwrap", "--unshare-all", "--unshare-user", "--uid", _USER, "--gid", _USER),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "build"),
        *_binds("--ro-bind", job.root.mounts),
        *(word for path, target in job.root.links.items() for word in ("--symlink", target, path)),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108 - its own
        *_binds("--ro-bind", job.reads),
        *_binds("--bind", job.writes),
        "--clearenv",
        *(w for name, value in job.environment.items() for w in ("--setenv", name, value)),
        *("--chdir", job.directory, "--"),
        *job.arguments,
    ]


def run(job: Job) -> Ended:
    """Run ``job`` and wait for it, or end it when nobody wants it any more.

    Raises ``ToolError`` if this machine has no sandbox.
    """
    check()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command(job),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={},
            cwd="/",
            umask=0o022,  # backends put the modes of files into wheels
            executable=shutil.which("bwrap"),
        )
        try:
            until_it_ends(process, timeout_s=job.timeout_s)
            code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.kill()  # what it started goes with it: --die-with-parent
            process.wait()
        output.seek(max(0, output.seek(0, 2) - _TAIL_BYTES))
        return Ended(code=code, output=tuple(_lines(output.read())))


def check() -> None:
    """Raise ``ToolError``, with the ways out, if bubblewrap is missing or may not work here."""
    why = "bwrap is not installed"
    if shutil.which("bwrap"):
        probe = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
        result = subprocess.run(probe, check=False, capture_output=True)
        if result.returncode == 0:
            return
        why = result.stderr.decode(errors="replace").strip()[-300:]
    raise ToolError(
        "an sdist has to be built, and this machine offers no sandbox for it",
        hint="install bubblewrap and allow user namespaces (AppArmor, seccomp), or choose a "
        "version that has a wheel",
        why=why,
    )


def _binds(option: str, mounts: Mapping[str, Path]) -> Iterator[str]:
    for inside, outside in mounts.items():
        yield from (option, str(outside), inside)


def _lines(data: bytes) -> Iterator[str]:
    """Yield the output's lines without control characters, which a terminal would obey."""
    for line in data.decode("utf-8", "replace").splitlines():
        text = "".join(c if c.isprintable() or c == "\t" else " " for c in line).rstrip()
        if text:
            yield text
