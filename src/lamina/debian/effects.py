"""What maintainer scripts would have done, as data: links, accounts, bundles, package records."""

import re
from collections.abc import Iterable, Iterator, Mapping

from lamina.errors import ImageError
from lamina.oci.entry import Entry

MULTIARCH = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
NONROOT = 65532  # the uid and gid that distroless images made customary

# The usr-merge and /run: what is under the left name goes under the right one.
MERGED = {
    **{
        name: f"usr/{name}" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32")
    },
    "var/run": "run",
    "var/lock": "run/lock",
}
_ALWAYS = ("bin", "sbin", "lib", "var/run", "var/lock")

_DIRECTORIES = (
    *("boot", "dev", "etc", "etc/opt", "etc/ssl", "etc/ssl/certs", "home", "media", "mnt", "opt"),
    *("proc", "run", "srv", "sys", "usr", "usr/bin", "usr/lib", "usr/sbin", "usr/share"),
    *("usr/local", "usr/local/bin", "usr/local/etc", "usr/local/games", "usr/local/include"),
    *("usr/local/lib", "usr/local/sbin", "usr/local/share", "usr/local/src"),
    *("var", "var/cache", "var/lib", "var/lib/dpkg", "var/lib/dpkg/status.d", "var/local"),
    *("var/log", "var/mail", "var/opt", "var/spool"),
)
_SPECIAL = {
    "root": 0o700,
    "run/lock": 0o1777,
    "tmp": 0o1777,
    "var/tmp": 0o1777,
    # Entries belong to root, so that is how the one user of the image may write to its home.
    "home/nonroot": 0o1777,
}
_COLLECTED = re.compile(
    r"usr/share/base-passwd/(passwd|group)\.master|usr/share/libc-bin/nsswitch\.conf"
    r"|usr/share/ca-certificates/.*\.crt|usr/lib/sysusers\.d/.*\.conf|etc/ld\.so\.conf\.d/.*\.conf"
)
_FIRST_SYSTEM_ID, _LAST_SYSTEM_ID = 100, 999


def merged(path: str) -> str:
    """Return where a package's path is after the usr-merge; the bare names stay as they are.

    >>> merged("lib/x86_64-linux-gnu/libc.so.6"), merged("lib"), merged("library/x")
    ('usr/lib/x86_64-linux-gnu/libc.so.6', 'lib', 'library/x')
    """
    for old, new in MERGED.items():
        if path.startswith(old + "/"):
            return new + path[len(old) :]
    return path


def skeleton(architecture: str) -> list[Entry]:
    """Return the directories and links that base-files makes when it is installed."""
    modes = dict.fromkeys(_DIRECTORIES, 0o755) | _SPECIAL
    links = (*_ALWAYS, "lib64") if architecture == "amd64" else _ALWAYS
    if architecture == "amd64":
        modes["usr/lib64"] = 0o755
    entries = [Entry(path=path, kind="directory", mode=mode) for path, mode in modes.items()]
    entries += [merge_link(name) for name in links]
    return sorted(entries, key=lambda entry: entry.path)


def merge_link(name: str) -> Entry:
    """Return the link at one of the names of ``MERGED``."""
    target = MERGED[name]
    text = f"/{target}" if "/" in name else target
    return Entry(path=name, kind="symlink", mode=0o777, target=text)


def is_collected(path: str) -> bool:
    """Tell whether ``settings`` needs the contents of ``path``."""
    return _COLLECTED.fullmatch(path) is not None


def settings(collected: Mapping[str, bytes], *, python: str) -> Iterator[Entry]:
    """Yield the files that scripts would have made out of the ``collected`` ones."""
    yield from _accounts(collected)
    yield Entry(path="etc/hosts", data=b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n")
    yield Entry(
        path="etc/localtime", kind="symlink", mode=0o777, target="/usr/share/zoneinfo/Etc/UTC"
    )
    yield Entry(path="etc/timezone", data=b"Etc/UTC\n")
    yield Entry(path="usr/bin/python3", kind="symlink", mode=0o777, target=f"python{python}")
    if "usr/share/libc-bin/nsswitch.conf" in collected:
        data = collected["usr/share/libc-bin/nsswitch.conf"]
        yield Entry(path="etc/nsswitch.conf", data=data)
    certificates = [
        collected[path]
        for path in sorted(collected)
        if path.startswith("usr/share/ca-certificates/")
    ]
    if certificates:
        data = b"".join(one if one.endswith(b"\n") else one + b"\n" for one in certificates)
        yield Entry(path="etc/ssl/certs/ca-certificates.crt", data=data)


def record(package: str, control: str, md5sums: str, kept: frozenset[str]) -> list[Entry]:
    """Return the package's record for scanners, in the layout that distroless documents.

    ``kept`` are the paths, as the package names them, that are in the image.
    """
    first, _, rest = control.strip("\n").partition("\n")
    text = f"{first}\nStatus: install ok installed\n{rest}\n"
    lines = [line for line in md5sums.splitlines() if line.partition("  ")[2] in kept]
    stem = f"var/lib/dpkg/status.d/{package}"
    sums = "".join(f"{line}\n" for line in lines)
    return [Entry(path=stem, data=text.encode()), Entry(path=f"{stem}.md5sums", data=sums.encode())]


def library_directories(collected: Mapping[str, bytes], architecture: str) -> list[str]:
    """Return the loader's directories in the order of their rank, relative to the root."""
    multiarch = MULTIARCH[architecture]
    directories = []
    for path in sorted(collected):
        if path.startswith("etc/ld.so.conf.d/"):
            lines = collected[path].decode(errors="replace").splitlines()
            directories += [line.strip().strip("/") for line in lines if line.startswith("/")]
    directories += [f"lib/{multiarch}", f"usr/lib/{multiarch}", "lib", "usr/lib"]
    return list(dict.fromkeys(merged(f"{directory}/x")[:-2] for directory in directories))


def _accounts(collected: Mapping[str, bytes]) -> Iterator[Entry]:
    try:
        passwd = collected["usr/share/base-passwd/passwd.master"].decode()
        group = collected["usr/share/base-passwd/group.master"].decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise ImageError("the package base-passwd does not hold its master files") from error
    users, groups = _sysusers(collected, passwd, group)
    home = f"nonroot:*:{NONROOT}:{NONROOT}:nonroot:/home/nonroot:/usr/sbin/nologin\n"
    yield Entry(path="etc/passwd", data=(passwd + users + home).encode())
    yield Entry(path="etc/group", data=f"{group}{groups}nonroot:*:{NONROOT}:\n".encode())


def _sysusers(collected: Mapping[str, bytes], passwd: str, group: str) -> tuple[str, str]:
    """Return further lines of passwd and group for the ``u`` and ``g`` lines of sysusers.d(5)."""
    names = [path for path in sorted(collected) if path.startswith("usr/lib/sysusers.d/")]
    wanted = [line for path in names for line in _sysusers_lines(collected[path])]
    taken = {line.split(":")[0] for line in (passwd + group).splitlines()}
    free = iter(sorted(set(range(_FIRST_SYSTEM_ID, _LAST_SYSTEM_ID + 1)) - _ids(wanted))[::-1])
    users = groups = ""
    for kind, name, number, gecos, home, shell in sorted(wanted, key=lambda line: line[:2]):
        if name in taken:
            continue
        taken.add(name)
        uid = number if number.isdecimal() else str(next(free))
        groups += f"{name}:*:{uid}:\n"
        if kind == "u":
            users += f"{name}:*:{uid}:{uid}:{gecos}:{home}:{shell}\n"
    return users, groups


def _ids(wanted: Iterable[tuple[str, ...]]) -> set[int]:
    return {int(line[2]) for line in wanted if line[2].isdecimal()}


def _sysusers_lines(data: bytes) -> Iterator[tuple[str, str, str, str, str, str]]:
    for line in data.decode(errors="replace").splitlines():
        words = [a or b for a, b in re.findall(r'"([^":]*)"|([^\s":]+)', line)]
        if len(words) > 1 and words[0] in ("u", "g"):
            fields = [*words, *["-"] * 6][:6]
            gecos, home, shell = (
                default if value == "-" else value
                for value, default in zip(fields[3:], ("", "/", "/usr/sbin/nologin"), strict=True)
            )
            yield fields[0], fields[1], fields[2], gecos, home, shell
