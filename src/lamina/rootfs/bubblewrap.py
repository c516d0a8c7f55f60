"""A container as a bubblewrap command line: no daemon, no root, no image of its own (bwrap(1))."""

from lamina.rootfs.container import Container, host_files


def command(container: Container, *, is_mapped: bool, info_fd: int) -> list[str]:
    """Return the arguments that start ``container``; the process's number goes to ``info_fd``.

    With ``is_mapped`` the caller's own user appears as the image's inside; without it, the command
    must itself be started as the image's user.
    """
    identity = container.identity
    mapping = ["--unshare-user", "--uid", str(identity.uid), "--gid", str(identity.gid)]
    return [
        "bwrap",
        *("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"),
        *(mapping if is_mapped else ()),
        *(("--unshare-net",) if container.network == "loopback" else ()),
        *("--cap-drop", "ALL", "--die-with-parent", "--new-session", "--as-pid-1"),
        *("--info-fd", str(info_fd)),
        *("--ro-bind", str(container.root), "/"),
        *("--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"),  # noqa: S108
        *("--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108 - the container's own
        *(word for path in container.writable for word in ("--perms", "1777", "--tmpfs", path)),
        *(w for m in container.mounts for w in ("--ro-bind", str(m.source), m.target)),
        *(word for path in host_files(container) for word in ("--ro-bind", path, path)),
        "--clearenv",
        *(w for name, value in container.environment for w in ("--setenv", name, value)),
        *("--chdir", container.working_directory, "--"),
        *container.arguments,
    ]
