"""What `lamina bench` compares with: the Dockerfile that is before, and what it needs."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from lamina.cli.pip_lock import pip_lock
from lamina.engines.buildkit.sketch import own_lock
from lamina.errors import UsageError
from lamina.project.detect.python import find_python
from lamina.project.detect.snapshot import is_ours, take_snapshot
from lamina.project.read import read_project

_DOCKERFILES: Final = ("Dockerfile", "docker/Dockerfile")
_LOCK: Final = "lamina-bench-requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """``beside`` are files that its context needs, text by path; ``words`` are for docker build."""

    dockerfile: Path
    label: str
    beside: Mapping[str, str] = field(default_factory=dict, hash=False)
    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@contextmanager
def found_before(options: argparse.Namespace) -> Iterator[Before]:
    """Find what is before: what is asked for, the project's own Dockerfile, or a naive one.

    What Lamina wrote is no "before", unless it is asked for.  Raises ``UsageError``.
    """
    if options.dockerfile and not options.dockerfile.is_file():
        raise UsageError("there is no such Dockerfile", where=str(options.dockerfile))
    there = [path for name in _DOCKERFILES if (path := options.path / name).is_file()]
    ours = [path for path in there if is_ours(path.read_text("utf-8", "replace"))]
    found = options.dockerfile or next((path for path in there if path not in ours), None)
    if found and not options.naive:
        yield Before(dockerfile=found, label=found.name)
        return
    with as_file(files("lamina.bench") / "before.Dockerfile") as naive:
        yield _naive(options.path, naive, notes=() if options.naive else tuple(map(_skipped, ours)))


def _naive(directory: Path, dockerfile: Path, *, notes: tuple[str, ...]) -> Before:
    """Let the naive Dockerfile install what the image installs, whatever it is locked by."""
    project = read_project(directory)
    lock, beside = own_lock(project), dict[str, str]()
    if not lock:
        lock = _LOCK
        python = project.settings.python or find_python(take_snapshot(directory)).value
        beside[lock] = pip_lock(project, python=python)
    return Before(
        dockerfile=dockerfile,
        label="one-stage Dockerfile",
        beside=beside,
        words=(f"--build-arg=REQUIREMENTS={lock}",),
        notes=notes,
    )


def _skipped(path: Path) -> str:
    return f"{path} was written by Lamina, so it is not what was before; -f {path} measures it."
