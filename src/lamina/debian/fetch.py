"""Download and Fetch: what this package asks for, and how it checks what it got."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina.errors import IntegrityError


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One file to fetch: ``size`` in bytes and ``sha256`` in hexadecimal where they are known.

    ``mirrors`` are further addresses of the same file, to be tried in order after ``url``.
    """

    url: str
    sha256: str | None = None
    size: int | None = None
    mirrors: tuple[str, ...] = ()


# One path for each download, in order.  Raises NetworkError when a file cannot be had.
# Whether an implementation checks hashes is its own affair: verified() below always does.
Fetch = Callable[[Sequence[Download]], Sequence[Path]]


def verified(download: Download, path: Path) -> Path:
    """Return ``path`` if it holds exactly the promised bytes; raise ``IntegrityError`` if not."""
    size = path.stat().st_size
    if download.size is not None and size != download.size:
        raise IntegrityError(
            "a downloaded file has the wrong size",
            where=download.url,
            why=f"{size} bytes instead of {download.size}",
        )
    if download.sha256 is not None:
        _check_sha256(download, path)
    return path


def fetch_verified(fetch: Fetch, downloads: Sequence[Download]) -> tuple[Path, ...]:
    """Fetch all ``downloads`` and check the size and SHA-256 of each."""
    paths = fetch(downloads)
    return tuple(verified(*pair) for pair in zip(downloads, paths, strict=True))


def noting(fetch: Fetch, directory: Path, note: Callable[[Path], object]) -> Fetch:
    """Tell ``note`` which files in ``directory`` are going to be used, and which were.

    Before, because a file that is there is not fetched again; after, because those who fetch may
    give files the time that their server says.
    """

    def fetch_noted(downloads: Sequence[Download]) -> Sequence[Path]:
        for download in downloads:
            if download.sha256:
                note(directory / download.sha256)
        paths = fetch(downloads)
        for path in paths:
            note(path)
        return paths

    return fetch_noted


def _check_sha256(download: Download, path: Path) -> None:
    with path.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != download.sha256:
        raise IntegrityError(
            "a downloaded file is not the file that the archive signed",
            where=download.url,
            hint="the mirror may be in the middle of an update: try again in a few minutes",
            why=f"sha256 {actual} instead of {download.sha256}",
        )
