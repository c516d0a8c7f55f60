"""The files that a wheel becomes in the image, by its directory alone; pure.

The rules are those of ``layer/wheel.py``, which has the whole wheel; a test holds the two together.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from lamina.errors import ArchiveError
from lamina.layer.record import write_record
from lamina.layer.scripts import Script
from lamina.layer.venv import Venv
from lamina.oci.digest import Digest

_NOT_OURS = ("RECORD", "INSTALLER", "RECORD.jws", "RECORD.p7s")
_INSTALLER_SIZE = len(b"lamina\n")
_ANY_DIGEST = Digest("0" * 64)  # all are equally long


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """A file of the image: its path without a leading slash, and its bytes.

    A twin, which is a hard link to a file before it, has none of its own.
    """

    path: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the directory of a wheel, and the little of its contents that matters here, say.

    ``sizes`` maps each member that is a file to its size, the metadata included; ``dist_info`` is
    the name of that folder; ``scripts`` are its entry points.  Members that are equal in their
    ``likenesses`` are twins; those without one have none.
    """

    filename: str
    name: str
    dist_info: str
    sizes: Mapping[str, int]
    scripts: tuple[Script, ...] = ()
    likenesses: Mapping[str, Hashable] = field(default_factory=dict, hash=False)


def installed_files(listing: Listing, venv: Venv) -> tuple[InstalledFile, ...]:
    """List what will be there, sorted by path, RECORD last.

    Raises ``ArchiveError`` for a ``.data`` folder that goes nowhere.
    """
    made = [
        InstalledFile(f"{venv.root}/bin/{s.name}", len(s.render(venv.interpreter)))
        for s in listing.scripts
    ]
    taken = {file.path for file in made}
    placed = {path: name for path, name in _placed(listing, venv) if path not in taken}
    places = [InstalledFile(path, listing.sizes[name]) for path, name in placed.items()]
    dist_info = f"{venv.site_packages}/{listing.dist_info}"
    files = [*places, *made, InstalledFile(f"{dist_info}/INSTALLER", _INSTALLER_SIZE)]
    rows = sorted((_relative(file.path, venv), _ANY_DIGEST, file.size) for file in files)
    record = write_record(rows, record=f"{listing.dist_info}/RECORD")
    files.sort(key=lambda file: file.path)
    alike = {path: listing.likenesses.get(name) for path, name in placed.items()}
    files = list(_without_twins(files, alike))
    return (*files, InstalledFile(f"{dist_info}/RECORD", len(record)))


def script_members(names: Iterable[str]) -> tuple[str, ...]:
    """Name the members that become programs, whose first line may be rewritten."""
    return tuple(name for name in names if _scheme(name)[0] == "scripts")


def _without_twins(
    files: Iterable[InstalledFile], alike: Mapping[str, Hashable | None]
) -> Iterator[InstalledFile]:
    seen: set[Hashable] = set()
    for file in files:
        likeness = alike.get(file.path)
        yield replace(file, size=0) if likeness in seen else file
        if likeness is not None:
            seen.add(likeness)


def _placed(listing: Listing, venv: Venv) -> Iterator[tuple[str, str]]:
    """Yield where each member goes, and its name."""
    skipped = {f"{listing.dist_info}/{name}" for name in _NOT_OURS}
    for name in listing.sizes:
        if name in skipped:
            continue
        scheme, inside = _scheme(name)
        directory = venv.scheme(scheme, listing.name) if scheme else venv.site_packages
        if directory is None or not inside:
            raise ArchiveError(
                "the .data folder has no such scheme", where=f"{listing.filename}, {name!r}"
            )
        yield f"{directory}/{inside}", name


def _scheme(name: str) -> tuple[str, str]:
    """Split the scheme off a member below a ``.data`` folder; others have none."""
    top, _, rest = name.partition("/")
    if not top.endswith(".data"):
        return "", name
    scheme, _, inside = rest.partition("/")
    return scheme or "?", inside


def _relative(path: str, venv: Venv) -> str:
    site = f"{venv.site_packages}/"
    if path.startswith(site):
        return path.removeprefix(site)
    return "../../../" + path.removeprefix(f"{venv.root}/")
