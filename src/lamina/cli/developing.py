"""What ``lamina run`` does with a dev image: sources mounted, watched, and debugged."""

import argparse
import itertools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from lamina.errors import UsageError
from lamina.oci.image import Image
from lamina.plan.develop import DEBUG_PORT, SOURCE_LABEL
from lamina.project.files import project_files
from lamina.project.read import is_project, read_project
from lamina.rootfs.container import Container, Mount
from lamina.rootfs.debug import debugged
from lamina.rootfs.watch import Snapshot, snapshot

_READABLE = 0o005
_LIST_AGAIN = 20
"""Looks after which files are listed again, in case a folder was empty when they last were."""


def add_dev_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what is only for dev images."""
    parser.add_argument(
        "--dev", action="store_true",
        help="mount the project's sources into an image of `lamina build --target dev`, read-only",
    )  # fmt: skip
    parser.add_argument(
        "--source", type=Path, default=Path(), metavar="PATH",
        help="the project's folder, for --dev (default: this one)",
    )  # fmt: skip
    parser.add_argument(
        "--watch", action="store_true", help="--dev, and start again when a source changes"
    )
    parser.add_argument(
        "--debug", action="store_true",
        help=f"--dev, and let debugpy listen on port {DEBUG_PORT} of the loopback",
    )  # fmt: skip


def mounts_of(options: argparse.Namespace, image: Image) -> tuple[Mount, ...]:
    """Say what is mounted.  Raises ``UsageError`` for an image or a folder that does not fit."""
    target = image.runtime.labels.get(SOURCE_LABEL)
    if not (options.dev or options.watch or options.debug):
        if target:
            say("this is a dev image, and has no sources without --dev")
        return ()
    if not target:
        raise UsageError(
            f"{options.image} has its sources inside, and none can be mounted",
            hint="build one that expects them: lamina build --target dev -t NAME",
        )
    if not is_project(options.source):
        raise UsageError("this is not a project", where=f"--source {options.source}")
    return (Mount(source=options.source.resolve(), target=target),)


def prepared(options: argparse.Namespace, container: Container) -> Container:
    """Put the command under the debugger, if that is asked for; say what it will not read."""
    for mount in container.mounts:
        status = mount.source.stat()
        is_foreign = os.geteuid() == 0 and status.st_uid != container.identity.uid
        if is_foreign and status.st_mode & _READABLE != _READABLE:
            say(f"user {container.identity.uid} of the image cannot read {mount.source}")
    if not options.debug:
        return container
    return debugged(container, port=DEBUG_PORT)


def looker(directory: Path) -> Callable[[], Snapshot]:
    """Make what looks at the project's files; it is asked several times a second."""
    return _Looker(directory)


def say(text: str) -> None:
    """Tell the user what happens, beside the program's own output."""
    print(f"lamina: {text}", file=sys.stderr, flush=True)


class _Looker:
    """Lists files when a folder changed, and otherwise only asks for those that it knows."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: tuple[Path, ...] = ()
        self._folders: Snapshot = {}
        self._looks = itertools.count()

    def __call__(self) -> Snapshot:
        folders = snapshot(self._directory, self._parents(self._files))
        if folders != self._folders or next(self._looks) % _LIST_AGAIN == 0:
            self._files = project_files(read_project(self._directory))
            self._folders = snapshot(self._directory, self._parents(self._files))
        return snapshot(self._directory, self._files)

    def _parents(self, files: Iterable[Path]) -> tuple[Path, ...]:
        return tuple({path.parent for path in files} | {self._directory})
