"""Target: the Python and the C library of the image, which decide what fits; never the host's."""

from dataclasses import dataclass
from functools import cached_property

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from lamina.errors import UsageError
from lamina.oci.platform import Platform

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_OLDEST_GLIBC = 17  # manylinux2014; for x86_64 the legacy names reach further back
_LEGACY = {
    "x86_64": ("manylinux2014", "manylinux2010", "manylinux1"),
    "aarch64": ("manylinux2014",),
}
_NEWEST_FOR_UV = 40
_SUPPORTED = tuple(f"linux/{architecture}" for architecture in _MACHINES)


def check_supported(platform: Platform) -> Platform:
    """Return ``platform``; raise ``UsageError`` if no image can be built for it."""
    if str(platform) not in _SUPPORTED:
        raise UsageError(
            f"Lamina does not build for {platform}",
            hint=f"{' and '.join(_SUPPORTED)} are supported",
        )
    return platform


@dataclass(frozen=True, kw_only=True)
class Target:
    """What wheels are chosen for.

    ``python`` is ``3.11``; ``python_full`` is ``3.11.2``; ``glibc`` is ``(2, 36)``.  Where the C
    library is musl, ``musl`` is its version, and ``glibc`` does not count.
    """

    platform: Platform
    python: str
    python_full: str
    glibc: tuple[int, int]
    musl: tuple[int, int] | None = None

    @property
    def machine(self) -> str:
        """The platform's machine as Python names it."""
        return _MACHINES[check_supported(self.platform).architecture]

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """Every tag that fits, best first (Platform compatibility tags)."""
        version = tuple(int(part) for part in self.python.split("."))
        platforms = [*self._platforms, f"linux_{self.machine}"]
        interpreter = "cp" + self.python.replace(".", "")
        return (
            *cpython_tags(version, platforms=platforms),
            *compatible_tags(version, interpreter, platforms),
        )

    def fits(self, filename: str) -> bool:
        """Say whether the wheel of this name may be installed there.

        >>> from lamina.oci.platform import Platform
        >>> target = Target(platform=Platform("linux", "amd64"), python="3.11",
        ...                 python_full="3.11.2", glibc=(2, 36))
        >>> [target.fits(f"toy-1.0-{tags}.whl") for tags in ("py3-none-any", "cp313-cp313-any")]
        [True, False]
        """
        _, _, _, tags = parse_wheel_filename(filename)
        return not tags.isdisjoint(self.tags)

    @property
    def _platforms(self) -> list[str]:
        """Name the platforms of PEP 600 for glibc, of PEP 656 for musl, newest first."""
        if self.musl is not None:
            major, newest = self.musl
            return [f"musllinux_{major}_{minor}_{self.machine}" for minor in range(newest, -1, -1)]
        major, newest = self.glibc
        oldest = 5 if self.machine == "x86_64" else _OLDEST_GLIBC
        names = [f"manylinux_{major}_{minor}" for minor in range(newest, oldest - 1, -1)]
        return [f"{name}_{self.machine}" for name in (*names, *_LEGACY[self.machine])]

    @property
    def environment(self) -> dict[str, str]:
        """The values of environment markers inside the image (Dependency specifiers)."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.python_full,
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.python_full,
            "platform_python_implementation": "CPython",
            "python_version": self.python,
            "sys_platform": "linux",
        }

    @property
    def uv_platform(self) -> str:
        """The same for uv's ``--python-platform``, which knows glibc up to 2.40."""
        if self.musl is not None:
            return f"{self.machine}-unknown-linux-musl"
        return f"{self.machine}-manylinux_2_{min(self.glibc[1], _NEWEST_FOR_UV)}"

    def __str__(self) -> str:
        library = "glibc" if self.musl is None else "musl"
        version = ".".join(map(str, self.musl or self.glibc))
        return f"{self.platform}, Python {self.python}, {library} {version}"
