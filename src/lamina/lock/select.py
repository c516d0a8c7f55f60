"""Choose from a lock, for one target, one wheel for each distribution; pure."""

from collections.abc import Sequence
from urllib.parse import unquote

from packaging.pylock import Package, Pylock, PylockValidationError
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from lamina.errors import LockError
from lamina.lock.lock import Lock, LockedSdist, LockedWheel
from lamina.lock.target import Target
from lamina.oci.digest import Digest


def select(document: object, target: Target, *, name: str, is_pinned: bool = True) -> Lock:
    """Read a parsed pylock document (PEP 751) called ``name`` and choose what fits ``target``.

    Distributions whose marker is false for the target are left out.  Raises ``LockError`` with
    every distribution that has nothing for the target.
    """
    try:
        lock = Pylock.from_dict(document)  # type: ignore[arg-type] # validated right there
    except PylockValidationError as error:
        raise LockError(f"not a valid lock: {error}", where=name) from error
    except (TypeError, AttributeError, ValueError, RecursionError) as error:
        raise LockError("not a valid lock", where=name, why=str(error)[:200]) from error
    ranks = {tag: rank for rank, tag in reversed(list(enumerate(target.tags)))}
    wheels: list[LockedWheel] = []
    sdists: list[LockedSdist] = []
    problems: list[str] = []
    for number, package in enumerate(lock.packages):
        if package.marker is not None and not package.marker.evaluate(target.environment):
            continue
        try:
            found = _choose(package, ranks, target)
        except LockError as error:
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


def _choose(package: Package, ranks: dict[Tag, int], target: Target) -> LockedWheel | LockedSdist:
    version = str(package.version or "")
    described = f"{package.name} {version}".strip()
    if package.vcs or package.directory:
        raise LockError(f"{described} is a directory or a repository, not a file with a hash")
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
            size=wheel.size or 0,
            url=wheel.url or "",
        )
    if package.sdist is None:
        raise LockError(
            _nothing_fits(described, [w.filename for w in package.wheels or ()], target)
        )
    return LockedSdist(
        name=str(package.name),
        version=version,
        filename=unquote(package.sdist.filename),
        digest=_digest(package.sdist.hashes, described),
        size=package.sdist.size or 0,
        url=package.sdist.url or "",
    )


def _rank(filename: str, ranks: dict[Tag, int]) -> int | None:
    try:
        _, _, _, tags = parse_wheel_filename(unquote(filename))
    except InvalidWheelFilename:
        return None
    return min((ranks[tag] for tag in tags if tag in ranks), default=None)


def _digest(hashes: object, described: str) -> Digest:
    code = hashes.get("sha256") if hasattr(hashes, "get") else None
    if code is None:
        raise LockError(f"{described} has no SHA-256 hash")
    return Digest.parse(f"sha256:{str(code).lower()}")


def _nothing_fits(described: str, filenames: Sequence[str], target: Target) -> str:
    if not filenames:
        return f"{described} has neither a wheel nor an sdist"
    tags = ", ".join(
        sorted("-".join(f.removesuffix(".whl").split("-")[-3:]) for f in filenames)[:6]
    )
    return f"no wheel of {described} fits {target}; its tags are {tags}"
