"""A container as an OCI runtime bundle (runtime-spec, config.md), for crun run by root."""

from typing import Any

from lamina.rootfs.container import Container, host_files

# crun refuses a machine with both cgroup versions, whatever it is told; in a mount namespace of its
# own it sees version 2 only.  Nothing here limits resources, so no controller is missed.
_RECIPE = (
    "mount --make-rprivate / && umount -R /sys/fs/cgroup 2>/dev/null; "
    "mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null; "
    'exec crun --root "$1" --cgroup-manager=disabled run --bundle "$2" --pid-file "$3" "$4"'
)


def command(bundle: str, *, name: str) -> list[str]:
    """Return the arguments that start the bundle in the directory ``bundle``, as root."""
    state, pid_file = f"{bundle}/state", f"{bundle}/pid"
    return ["unshare", "--mount", "sh", "-c", _RECIPE, "sh", state, bundle, pid_file, name]


def config(container: Container) -> dict[str, Any]:
    """Describe ``container`` as a bundle's ``config.json``."""
    identity = container.identity
    kinds = ["mount", "pid", "ipc", "uts", *(["network"] if container.network != "host" else [])]
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(container.root), "readonly": True},
        "process": {
            "terminal": False,
            "user": {
                "uid": identity.uid,
                "gid": identity.gid,
                "additionalGids": list(identity.groups),
            },
            "args": list(container.arguments),
            "env": [f"{name}={value}" for name, value in container.environment],
            "cwd": container.working_directory,
            "capabilities": {},
            "noNewPrivileges": True,
        },
        "mounts": _mounts(container),
        "linux": {
            "namespaces": [{"type": kind} for kind in kinds],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
        },
    }


def _mounts(container: Container) -> list[dict[str, Any]]:
    safe = ["nosuid", "nodev"]
    return [
        _mount("/proc", "proc", ["nosuid", "noexec", "nodev"]),
        _mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        _mount("/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666"]),
        _mount("/dev/shm", "tmpfs", [*safe, "mode=1777"]),  # noqa: S108 - the container's own
        _mount("/tmp", "tmpfs", [*safe, "mode=1777"]),  # noqa: S108 - the container's own
        *(_mount(path, "tmpfs", [*safe, "mode=1777"]) for path in container.writable),
        *(_bind(str(mount.source), mount.target) for mount in container.mounts),
        *(_bind(path, path) for path in host_files(container)),
    ]


def _bind(source: str, target: str) -> dict[str, Any]:
    return {"destination": target, "type": "bind", "source": source, "options": ["bind", "ro"]}


def _mount(path: str, kind: str, options: list[str]) -> dict[str, Any]:
    return {"destination": path, "type": kind, "source": kind, "options": options}
