"""Choose from a lock, for one target, one wheel for each distribution; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockValidationError,
)
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from lamina.errors import ImageError, LockError
from lamina.lock.lock import Lock, LockedSdist, LockedWheel
from lamina.lock.pins import Choice
from lamina.lock.target import Target
from lamina.oci.digest import Digest

_SCHEMES = {"https", "http", "file"}


_NOTHING_MORE = Choice()


def select(
    document: object,
    target: Target,
    *,
    name: str,
    is_pinned: bool = True,
    choice: Choice = _NOTHING_MORE,
) -> Lock:
    """Read a parsed pylock document (PEP 751) called ``name`` and choose what fits ``target``.

    Distributions whose marker is false for the target are left out; of the lock's groups, the
    default ones and those of ``choice`` are installed, of its extras those of ``choice`` that it
    knows.  Raises ``LockError`` with every distribution that has nothing for the target.
    """
    lock = _validate(document, name)
    _check_lock(lock, target, name)
    ranks = {tag: rank for rank, tag in reversed(list(enumerate(target.tags)))}
    wheels: list[LockedWheel] = []
    sdists: list[LockedSdist] = []
    problems: list[str] = []
    seen: set[str] = set()
    for number, package in enumerate(lock.packages):
        if not _is_wanted(package, lock, target, choice):
            continue
        try:
            _check_package(package, target, seen)
            found = _choose(package, ranks, target)
        except (LockError, ImageError) as error:
            problems.append(f"{name}, packages[{number}]: {error.what}")
            continue
        if isinstance(found, LockedWheel):
            wheels.append(found)
        else:
            sdists.append(found)
    if problems:
        raise LockError(
            f"the lock does not fit {target}",
            problems=tuple(problems),
            hint="lock again for this platform, or choose versions that have such wheels",
        )
    return Lock(
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.name)),
        sdists=tuple(sorted(sdists, key=lambda sdist: sdist.name)),
        is_pinned=is_pinned,
    )


def _validate(document: object, name: str) -> Pylock:
    try:
        return Pylock.from_dict(document)  # type: ignore[arg-type] # validated right there
    except PylockValidationError as error:
        raise LockError(f"not a valid lock: {error}", where=name) from error
    except (TypeError, AttributeError, ValueError, RecursionError) as error:
        raise LockError("not a valid lock", where=name, why=str(error)[:200]) from error


def _check_lock(lock: Pylock, target: Target, name: str) -> None:
    """Refuse a lock that was made for others (PEP 751, "Installation", asks for an error)."""
    wanted = lock.requires_python
    if wanted is not None and not wanted.contains(target.python_full, prereleases=True):
        raise LockError(f"the lock requires Python {wanted}, and not {target}", where=name)
    environments = lock.environments or ()
    if environments and not any(marker.evaluate(target.environment) for marker in environments):
        raise LockError(f"none of its environments is that of {target}", where=name)


def _is_wanted(package: Package, lock: Pylock, target: Target, choice: Choice) -> bool:
    if package.marker is None:
        return True
    groups = frozenset({*(lock.default_groups or ()), *map(canonicalize_name, choice.groups)})
    extras = frozenset(map(canonicalize_name, choice.extras))
    environment: dict[str, str | frozenset[str]] = {
        **target.environment,
        "extras": extras & frozenset(lock.extras or ()),
        "dependency_groups": groups,
    }
    return package.marker.evaluate(environment, context="lock_file")


def _check_package(package: Package, target: Target, seen: set[str]) -> None:
    described = _described(package)
    wanted = package.requires_python
    if wanted is not None and not wanted.contains(target.python_full, prereleases=True):
        raise LockError(f"{described} requires Python {wanted}")
    if package.name in seen:
        raise LockError(f"{described} is there twice, and no marker chooses")
    seen.add(package.name)


def _described(package: Package) -> str:
    return f"{package.name} {package.version or ''}".strip()


def _choose(package: Package, ranks: dict[Tag, int], target: Target) -> LockedWheel | LockedSdist:
    version = str(package.version or "")
    described = _described(package)
    if package.vcs or package.directory:
        raise LockError(f"{described} is a directory or a repository, not a wheel or an sdist")
    if package.archive:
        return _archive(package, package.archive, ranks, target)
    ranked = [
        (rank, wheel)
        for wheel in package.wheels or ()
        if (rank := _rank(wheel.filename, ranks)) is not None
    ]
    if ranked:
        _, wheel = min(ranked, key=lambda pair: pair[0])
        return LockedWheel(
            name=str(package.name),
            version=version,
            filename=unquote(wheel.filename),
            digest=_digest(wheel.hashes, described),
            size=_size(wheel, described),
            url=_url(wheel, described),
        )
    is_compiled = target.musl is not None and bool(package.wheels)  # for which nothing is here
    if package.sdist is None or is_compiled:
        raise LockError(
            _nothing_fits(described, [w.filename for w in package.wheels or ()], target)
        )
    return LockedSdist(
        name=str(package.name),
        version=version,
        filename=unquote(package.sdist.filename),
        digest=_digest(package.sdist.hashes, described),
        size=_size(package.sdist, described),
        url=_url(package.sdist, described),
    )


def _archive(
    package: Package, archive: PackageArchive, ranks: dict[Tag, int], target: Target
) -> LockedWheel | LockedSdist:
    """Take the one file that a distribution was locked by the address of."""
    described = _described(package)
    url = _url(archive, described)
    filename = unquote(urlsplit(url).path.rpartition("/")[2])
    if not filename.endswith(".whl"):
        sdist = PackageSdist(name=filename, url=url, size=archive.size, hashes=archive.hashes)
        return _choose(replace(package, archive=None, sdist=sdist), ranks, target)
    try:
        _, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise LockError(f"{described}: {filename[:80]!r} is not the name of a wheel") from error
    wheel = PackageWheel(name=filename, url=url, size=archive.size, hashes=archive.hashes)
    only = replace(package, archive=None, wheels=[wheel], version=package.version or version)
    return _choose(only, ranks, target)


def _rank(filename: str, ranks: dict[Tag, int]) -> int | None:
    _, _, _, tags = parse_wheel_filename(unquote(filename))
    return min((ranks[tag] for tag in tags if tag in ranks), default=None)


def _digest(hashes: Mapping[str, str], described: str) -> Digest:
    code = hashes.get("sha256")
    if code is None:
        raise LockError(f"{described} has no SHA-256 hash")
    return Digest.parse(f"sha256:{code.lower()}")


def _size(file: PackageArchive | PackageSdist | PackageWheel, described: str) -> int:
    size = file.size or 0
    if size < 0:
        raise LockError(f"{described} has the size {size}")
    return size


def _url(file: PackageArchive | PackageSdist | PackageWheel, described: str) -> str:
    """Return where the file is; a path beside the lock is not an address."""
    try:
        scheme = urlsplit(file.url or "").scheme
    except ValueError:  # an IPv6 address without its bracket
        scheme = ""
    if scheme not in _SCHEMES:
        raise LockError(f"{described} has no https:, http: or file: address")
    return file.url or ""


def _nothing_fits(described: str, filenames: Sequence[str], target: Target) -> str:
    tags = ", ".join(
        sorted("-".join(f.removesuffix(".whl").split("-")[-3:]) for f in filenames)[:6]
    )
    return f"no wheel of {described} fits {target}; its tags are {tags}"
