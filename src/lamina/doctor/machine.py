"""What this machine brings: the store, uv, Pythons, sandboxes, a Docker engine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lamina.bytecode.compiler import find_interpreter
from lamina.doctor.check import Check, failed
from lamina.errors import StoreError, ToolError
from lamina.http.local import Address, LocalError, exchange
from lamina.sdist import sandbox
from lamina.store.store import Store

_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_LITTLE_SPACE = 5_000_000_000
_DOCKER_TIMEOUT_S = 3.0
_UV_TIMEOUT_S = 20
_ELSEWHERE = "set LAMINA_STORE to a directory of your own"
_RUNS_IMAGES = "only needed for `lamina run` and `lamina test`"


def check_lamina(host: str) -> Check:
    """Say which Lamina this is, and what it runs on."""
    python = f"Python {sys.version.split()[0]} ({sys.executable})"
    try:
        own = version("lamina")
    except PackageNotFoundError:
        own = "not installed"
    return Check(name="Lamina", state="ok", what=f"{own}, {python}, {host}")


def check_store(root: Path) -> Check:
    """Look at the store without making it: whose it is, how large, and how much room it has."""
    try:
        if (root / "version").is_file():
            Store.open(root)
            what = f"{root}, {_gigabytes(_size(root))}"
        else:
            what = f"{root}, which the first build makes"
        there = _nearest(root)
        free = shutil.disk_usage(there).free
        is_writable = os.access(there, os.W_OK | os.X_OK)
    except StoreError as error:
        return failed("store", error)
    except OSError as error:
        return Check(
            name="store", state="broken", what=f"{root}: {error.strerror}", hint=_ELSEWHERE
        )
    if not is_writable:
        return Check(
            name="store", state="broken", what=f"{there} cannot be written to", hint=_ELSEWHERE
        )
    what += f", {_gigabytes(free)} free"
    if free < _LITTLE_SPACE:
        return Check(name="store", state="warning", what=what, hint=f"make room, or {_ELSEWHERE}")
    return Check(name="store", state="ok", what=what)


def check_uv(program: str | None, environment: Mapping[str, str]) -> Check:
    """Ask uv for its version; nothing can be locked or resolved without it."""
    hint = "install Lamina again: uv comes with it"
    if program is None:
        return Check(name="uv", state="broken", what="it is not here", hint=hint)
    try:
        done = subprocess.run(
            [program, "--version"],
            check=False,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=_UV_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Check(name="uv", state="broken", what=f"{program} cannot be run", hint=hint)
    if done.returncode:
        return Check(name="uv", state="broken", what=f"{program} does not work", hint=hint)
    return Check(name="uv", state="ok", what=f"{done.stdout.strip()} ({program})")


def check_pythons() -> Check:
    """Find the Pythons that can compile modules ahead of time."""
    found = {python: find_interpreter(python) for python in _PYTHONS}
    here = ", ".join(f"{python} ({path})" for python, path in found.items() if path)
    gone = ", ".join(python for python, path in found.items() if not path)
    if not gone:
        return Check(name="Pythons", state="ok", what=here)
    without = f"not here: {gone}, only needed to compile modules for images that have it"
    return Check(
        name="Pythons", state="ok" if here else "absent", what=f"{here}\n{without}".strip()
    )


def check_sandboxes() -> Iterator[Check]:
    """Try what starts images, and what builds sdists."""
    if not shutil.which("bwrap"):
        yield Check(
            name="bubblewrap",
            state="absent",
            what=f"{_RUNS_IMAGES}, and for sdists without a wheel",
            hint="install the package bubblewrap",
        )
    else:
        yield _try_bubblewrap()
    if not shutil.which("crun"):
        yield Check(name="crun", state="absent", what=f"{_RUNS_IMAGES} as root, without bubblewrap")
    elif os.geteuid():
        yield Check(name="crun", state="absent", what="it is here, and only root can use it")
    else:
        yield Check(name="crun", state="ok", what=str(shutil.which("crun")))


def check_docker(address: Address, *, is_named: bool) -> Check:
    """Ask the Docker engine at ``address``, which the user named or not, for its version."""
    try:
        answer = exchange(address, "GET", "/version", timeout_s=_DOCKER_TIMEOUT_S)
    except LocalError as error:
        return _no_docker(address, error, is_named=is_named)
    if answer.status != 200:  # noqa: PLR2004 - HTTP
        what = f"what listens at {address} answers {answer.status}"
        return Check(name="Docker engine", state="warning", what=what, hint="look at DOCKER_HOST")
    return Check(name="Docker engine", state="ok", what=f"it answers at {address}")


def _no_docker(address: Address, error: LocalError, *, is_named: bool) -> Check:
    if isinstance(error.reason, PermissionError):
        return Check(
            name="Docker engine",
            state="warning",
            what=f"this user may not talk to {address}",
            hint="become a member of the group that owns the socket (mostly `docker`)",
        )
    if is_named:
        return Check(
            name="Docker engine",
            state="warning",
            what=f"nobody answers at {address}, where it is said to be",
            hint="start the engine, or look at DOCKER_HOST and `docker context ls`",
        )
    what = "only needed to load images into it, or to run them with it"
    return Check(name="Docker engine", state="absent", what=what)


def _try_bubblewrap() -> Check:
    try:
        sandbox.check()
    except ToolError as error:
        return Check(
            name="bubblewrap",
            state="warning",
            what=f"it is here and does not work: {error.why}\n{_RUNS_IMAGES}, and for sdists",
            hint="allow user namespaces (AppArmor, seccomp)",
        )
    return Check(name="bubblewrap", state="ok", what=str(shutil.which("bwrap")))


def _nearest(path: Path) -> Path:
    """Find the closest folder that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _size(root: Path) -> int:
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            with suppress(OSError):  # another command may remove it meanwhile
                total += Path(folder, name).lstat().st_size
    return total


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
