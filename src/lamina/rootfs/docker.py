"""A container as a ``docker run`` command line over an unpacked image, where nothing else works.

Docker cannot run a directory.  So an empty image is run, with the directory's entries mounted into
it, each read-only.
"""

from lamina.errors import ImageError
from lamina.rootfs.container import Container
from lamina.rootfs.tree import Tree

IMAGE = "lamina-empty:latest"
IMPORT = ("docker", "import", "-", IMAGE)
"""The command that makes the empty image, from an empty tar on its standard input."""

_PROVIDED = frozenset({"dev", "proc", "sys", "tmp"})


def command(container: Container, *, name: str) -> list[str]:
    """Return the arguments that start ``container`` under ``name``, which ``docker kill`` takes."""
    identity = container.identity
    return [
        *("docker", "run", "--rm", "--name", name, "--read-only", "--cap-drop", "ALL"),
        *("--security-opt", "no-new-privileges", "--tmpfs", "/tmp:mode=1777,exec"),  # noqa: S108
        *("--network", "host" if container.network == "host" else "none"),
        *("--user", f"{identity.uid}:{identity.gid}"),
        *(word for gid in identity.groups for word in ("--group-add", str(gid))),
        *("--workdir", container.working_directory),
        *(word for path in container.writable for word in ("--tmpfs", f"{path}:mode=1777")),
        *(word for n, value in container.environment for word in ("--env", f"{n}={value}")),
        *(word for mount in _mounts(container) for word in ("--mount", mount)),
        *("--entrypoint", container.arguments[0], IMAGE),
        *container.arguments[1:],
    ]


def _mounts(container: Container) -> list[str]:
    """Mount each entry of the root; links in it are resolved here, or the host would do it."""
    for source in (container.root, *(mount.source for mount in container.mounts)):
        if "," in str(source):
            raise ImageError("docker mounts no path with a comma", where=str(source))
    own = {mount.target: str(mount.source) for mount in container.mounts}
    with Tree(container.root) as tree:
        entries = {name: tree.resolve(name) for name in tree.names("") if name not in _PROVIDED}
    binds = {
        f"/{name}": f"{container.root}/{path}"
        for name, path in entries.items()
        if path and "," not in path
    }
    return [
        f"type=bind,source={source},target={target},readonly"
        for target, source in {**binds, **own}.items()
    ]
