"""Lock: every distribution of an image, pinned by hash."""

from dataclasses import dataclass

from lamina.oci.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedWheel:
    """A wheel by digest; ``size`` in bytes, ``url`` where the index said it is.

    ``url`` is an ``https:`` or ``file:`` address, empty for a wheel that is in the store already.
    """

    name: str
    version: str
    filename: str
    digest: Digest
    size: int
    url: str = ""

    @property
    def is_pure(self) -> bool:
        """The wheel fits every platform."""
        return self.filename.endswith("-none-any.whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSdist:
    """An sdist that has to be built, for want of a wheel."""

    name: str
    version: str
    filename: str
    digest: Digest
    size: int
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedDirectory:
    """A project beside this one that has to be built, such as a member of the same workspace.

    ``path`` is relative to the project's folder, or absolute.
    """

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What one platform installs, sorted by name.

    ``is_pinned`` is False when the versions were chosen now, for want of a lock file.
    """

    wheels: tuple[LockedWheel, ...]
    sdists: tuple[LockedSdist, ...] = ()
    directories: tuple[LockedDirectory, ...] = ()
    is_pinned: bool = True
