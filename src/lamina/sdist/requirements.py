"""Fetch what a build needs, as wheels only: nothing foreign runs while the network is there."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lamina.errors import LockError, ToolError
from lamina.lock.index_settings import index_options
from lamina.processes import run

_SHEBANG = re.compile(rb"#!.*python[0-9.w]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """The uv program, the environment with the user's index settings, and what it installs for.

    ``python`` is the minor version ("3.11"), ``platform`` uv's name for it.
    """

    program: str
    environment: Mapping[str, str]
    python: str
    platform: str


def install(
    requirements: Iterable[str], target: Path, installer: Installer, *, interpreter: str, name: str
) -> tuple[str, ...]:
    """Install ``requirements`` of the sdist ``name`` into the folder ``target``.

    Scripts are made to start with ``interpreter``, a path inside the sandbox.  Returns what was
    chosen, as uv says it.  Raises ``LockError`` if there are no wheels that fit.
    """
    wanted = list(requirements)
    if not wanted:
        target.mkdir(parents=True, exist_ok=True)
        return ()
    options = ["--target", str(target), "--only-binary", ":all:", "--link-mode", "copy",
               "--python-version", installer.python, "--python-platform", installer.platform,
               "--no-progress", *index_options(installer.environment)]  # fmt: skip
    try:
        done = run(
            [installer.program, "pip", "install", *options, "--", *wanted],
            environment=installer.environment,
        )
    except OSError as error:
        raise ToolError(f"cannot start uv: {error.strerror}", where=installer.program) from error
    lines = done.stderr.rstrip().splitlines()
    if done.returncode:
        raise LockError(
            f"what {name} needs to be built cannot be had as wheels",
            where=", ".join(wanted),
            hint="choose a version that has a wheel itself",
            why="\n".join(lines[-15:]),
        )
    _adopt_scripts(target / "bin", interpreter)
    return tuple(line.strip(" +") for line in lines if line.startswith(" + "))


def _adopt_scripts(folder: Path, interpreter: str) -> None:
    """Replace the path of this machine's Python, which uv writes, by the sandbox's."""
    for script in folder.iterdir() if folder.is_dir() else ():
        first, newline, rest = script.read_bytes().partition(b"\n")
        if _SHEBANG.match(first):
            script.write_bytes(b"#!" + interpreter.encode() + newline + rest)
