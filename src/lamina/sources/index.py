"""Wheels from where the lock says they are: an index over HTTP, or a file of this machine."""

import hashlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lamina.durable import incoming
from lamina.errors import IntegrityError, NetworkError
from lamina.events import WheelFetched
from lamina.http.redact import redact
from lamina.lock.lock import LockedSdist, LockedWheel
from lamina.protocols import Downloader
from lamina.steps import Step
from lamina.store.store import Store


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
            return self._client.size(wheel.url)
        try:
            return Path(unquote(parts.path)).stat().st_size
        except OSError as error:
            raise _unreadable(wheel, error) from error

    def fetch_sdist(self, sdist: LockedSdist, step: Step) -> Path:
        """Return the sdist's file in the store, after fetching it if it is not there."""
        path = self._store.file_path(sdist.digest)
        with step:
            self._fetch(sdist, path, step)
        return path

    def _fetch(self, locked: LockedWheel | LockedSdist, path: Path, step: Step) -> int:
        if path.exists():
            step.cached()
            return 0
        parts = urlsplit(locked.url)
        if self._offline and parts.scheme != "file":
            raise NetworkError(
                f"{locked.filename} is not in the store", hint="run once without --offline"
            )
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
                size = _copy(Path(unquote(parts.path)), new.partial, locked)
            new.commit(path, durable=False)  # every use verifies what it reads
        return size


def _copy(source: Path, destination: Path, locked: LockedWheel | LockedSdist) -> int:
    try:
        data = source.read_bytes()
    except OSError as error:
        raise _unreadable(locked, error) from error
    actual = hashlib.sha256(data).hexdigest()
    if actual != locked.digest.hex:
        raise IntegrityError(
            f"{locked.filename} is not the file that the lock names",
            where=str(source),
            why=f"expected sha256 {locked.digest.hex}, got {actual}",
        )
    destination.write_bytes(data)
    return len(data)


def _unreadable(locked: LockedWheel | LockedSdist, error: OSError) -> NetworkError:
    return NetworkError(
        f"{locked.filename} cannot be read: {error.strerror}",
        where=redact(locked.url) or "the lock gives no address for it",
        hint="lock again",
    )
