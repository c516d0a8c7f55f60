"""Wheels from where the lock says they are: an index over HTTP, or a file of this machine."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from lamina.durable import incoming
from lamina.errors import IntegrityError, NetworkError
from lamina.events import WheelFetched
from lamina.http.redact import redact
from lamina.lock.lock import LockedSdist, LockedWheel
from lamina.protocols import Downloader
from lamina.steps import Step
from lamina.store.blobs import has_digest
from lamina.store.store import Store

_COPY = 1 << 20


class IndexSource:
    """Fetches wheels and sdists into the store, each once."""

    def __init__(self, client: Downloader, store: Store, *, offline: bool = False) -> None:
        self._client = client
        self._store = store
        self._offline = offline

    def fetch(self, wheel: LockedWheel, step: Step) -> Path:
        """Return the wheel's file in the store, after fetching it if it is not there."""
        path = self._store.wheel_path(wheel.digest)
        with step:
            size = self._fetch(wheel, path, step)
            step.tell(WheelFetched, name=wheel.filename, digest=wheel.digest, size=size)
        return path

    def measure(self, wheel: LockedWheel) -> int:
        """Return the wheel's size in bytes, asking where it is when the lock does not say.

        Layers are divided by size, so the size must not depend on what an index tells.
        """
        parts = urlsplit(wheel.url)
        stored = self._store.wheel_path(wheel.digest)
        if wheel.size:
            return wheel.size
        if stored.exists():
            return stored.stat().st_size
        if parts.scheme in {"http", "https"}:
            self._check_online(wheel)
            return self._client.size(wheel.url)
        with _open(wheel) as file:
            return os.fstat(file.fileno()).st_size

    def fetch_sdist(self, sdist: LockedSdist, step: Step) -> Path:
        """Return the sdist's file in the store, after fetching it if it is not there."""
        path = self._store.file_path(sdist.digest)
        with step:
            self._fetch(sdist, path, step)
        return path

    def _check_online(self, locked: LockedWheel | LockedSdist) -> None:
        if self._offline:
            raise NetworkError(
                f"{locked.filename} is not in the store", hint="run once without --offline"
            )

    def _fetch(self, locked: LockedWheel | LockedSdist, path: Path, step: Step) -> int:
        if has_digest(path, locked.digest):
            step.cached()
            return 0
        parts = urlsplit(locked.url)
        if parts.scheme in {"http", "https"}:
            self._check_online(locked)
        with incoming(self._store.ingest) as new:
            if parts.scheme in {"http", "https"}:
                size = self._client.download(
                    locked.url,
                    new.partial,
                    expected=locked.digest,
                    size=locked.size or None,
                    progress=lambda received: step.progress(received, locked.size or None),
                )
            else:
                size = _copy(locked, new.partial)
            new.commit(path, durable=False)  # whoever finds it reads all of it first
        return size


def _copy(locked: LockedWheel | LockedSdist, destination: Path) -> int:
    size, hasher = 0, hashlib.sha256()
    with _open(locked) as file, destination.open("wb") as out:
        while chunk := file.read(_COPY):
            size += len(chunk)
            hasher.update(chunk)
            out.write(chunk)
    actual = hasher.hexdigest()
    if actual != locked.digest.hex:
        raise IntegrityError(
            f"{locked.filename} is not the file that the lock names",
            where=locked.url,
            why=f"expected sha256 {locked.digest.hex}, got {actual}",
        )
    return size


def _open(locked: LockedWheel | LockedSdist) -> BinaryIO:
    """Open the file that a ``file:`` address names."""
    try:
        return Path(unquote(urlsplit(locked.url).path)).open("rb")
    except OSError as error:
        raise _unreadable(locked, error) from error


def _unreadable(locked: LockedWheel | LockedSdist, error: OSError) -> NetworkError:
    return NetworkError(
        f"{locked.filename} cannot be read: {error.strerror}",
        where=redact(locked.url) or "the lock gives no address for it",
        hint="lock again",
    )
