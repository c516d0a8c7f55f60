"""What to start in an unpacked image: the command, its user and its surroundings, as one value."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lamina.errors import ImageError
from lamina.oci.config import RuntimeConfig
from lamina.rootfs.tree import Tree

Network = Literal["host", "loopback"]

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MOUNT_POINTS = ("dev", "etc", "proc", "sys", "tmp")
_HOST_FILES = ("etc/resolv.conf", "etc/hosts")
_DOCKERS_OWN = "etc/hostname"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user as numbers, with the home directory that passwd names ("" if it names none)."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A folder of this machine that a container sees at ``target``, and cannot change."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A command in an unpacked image; ``root`` is on this machine, other paths are in the image.

    ``network`` is the host's, or a loopback of the container's own.  The root is read-only; /tmp,
    /dev/shm and ``writable`` are private and empty, and ``mounts`` are read-only.
    """

    root: Path
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    working_directory: str = "/"
    identity: Identity = Identity()
    network: Network = "host"
    writable: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()


def prepare(  # noqa: PLR0913 - what `docker run` takes, named
    root: Path,
    runtime: RuntimeConfig,
    *,
    arguments: Iterable[str] = (),
    environment: Iterable[tuple[str, str]] = (),
    network: Network = "host",
    mounts: tuple[Mount, ...] = (),
) -> Container:
    """Say how the image with ``runtime``, unpacked at ``root``, starts, and make its mount points.

    ``arguments`` replace the image's command, as in ``docker run``; ``environment`` adds to the
    image's.  For another entrypoint or user, replace them in ``runtime``.  Raises ``ImageError`` if
    there is nothing to start or the user is unknown.
    """
    command = (*runtime.entrypoint, *(tuple(arguments) or runtime.command))
    if not command:
        raise ImageError("the image names no command", hint="give one, or set an entrypoint")
    with Tree(root) as tree:
        identity = identify(
            runtime.user,
            passwd=_text(tree, "etc/passwd"),
            group=_text(tree, "etc/group"),
        )
        places = (*runtime.volumes, *(mount.target for mount in mounts))
        _make_mount_points(tree, (*_MOUNT_POINTS, *(place.strip("/") for place in places)))
    variables = {"PATH": _PATH, "HOME": identity.home or "/", **dict(runtime.environment)}
    return Container(
        root=root,
        arguments=command,
        environment=tuple((variables | dict(environment)).items()),
        working_directory=posixpath.join("/", runtime.working_directory),
        identity=identity,
        network=network,
        writable=tuple(f"/{v.strip('/')}" for v in runtime.volumes),
        mounts=mounts,
    )


def identify(user: str, *, passwd: str, group: str) -> Identity:
    """Turn ``user``, as an image config spells it (config.md, "User"), into numbers.

    ``passwd`` and ``group`` are the texts of the image's files.  Raises ``ImageError`` for a name
    that they do not hold.

    >>> identify("app", passwd="app:x:10:20::/home/app:/bin/sh", group="video:x:44:app")
    Identity(uid=10, gid=20, groups=(44,), home='/home/app')
    """
    name, _, group_name = (user or "0").partition(":")
    account = next((row for row in _rows(passwd, 6) if name in (row[0], row[2])), None)
    if account is None and not name.isdigit():
        raise _unknown("user", name)
    uid = int(account[2]) if account else int(name)
    home = account[5] if account else ""
    if group_name:
        return Identity(uid=uid, gid=_group(group_name, group), home=home)
    members = [row for row in _rows(group, 4) if account and account[0] in row[3].split(",")]
    gid = int(account[3]) if account else 0
    groups = tuple(int(row[2]) for row in members if int(row[2]) != gid)
    return Identity(uid=uid, gid=gid, groups=groups, home=home)


def host_files(container: Container) -> tuple[str, ...]:
    """Name the files that a container on the host's network takes from the host: DNS settings."""
    if container.network != "host":
        return ()
    return tuple(f"/{name}" for name in _HOST_FILES if Path("/", name).is_file())


def _group(name: str, group: str) -> int:
    row = next((row for row in _rows(group, 4) if name in (row[0], row[2])), None)
    if row is None and not name.isdigit():
        raise _unknown("group", name)
    return int(row[2]) if row else int(name)


def _rows(text: str, columns: int) -> list[list[str]]:
    rows = [line.split(":") for line in text.splitlines()]
    numbers = slice(2, 4) if columns > 4 else slice(2, 3)  # noqa: PLR2004 - passwd also has a gid
    return [r for r in rows if len(r) >= columns and all(field.isdigit() for field in r[numbers])]


def _unknown(what: str, name: str) -> ImageError:
    return ImageError(
        f"the image's {what} {name!r} is not in its /etc/{'passwd' if what == 'user' else 'group'}",
        hint=f"add the {what}, or name a number",
    )


def _text(tree: Tree, path: str) -> str:
    return (tree.read(path) or b"").decode("utf-8", "replace")


def _make_mount_points(tree: Tree, directories: Iterable[str]) -> None:
    """Make what a sandbox mounts over; it cannot do so itself in a read-only root."""
    for directory in directories:
        tree.make_directory(directory)
    for name in (*_HOST_FILES, _DOCKERS_OWN):
        if tree.resolve(name) is None:
            tree.replace_file(name, b"")
