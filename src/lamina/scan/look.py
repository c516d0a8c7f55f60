"""Look: one file is read once, for the secrets in it, for what is kept of it and for its digest."""

import hashlib

from lamina.scan.inventory import FileHits
from lamina.scan.published import may_be_published
from lamina.scan.secrets.credential_files import KEY_STORE
from lamina.scan.secrets.search import Search


class Look:
    """Takes a file's chunks; ``room`` bytes of it are kept."""

    def __init__(self, path: str, mode: int, layer: int, *, room: int) -> None:
        self._path = path
        self._mode = mode
        self._layer = layer
        self._kept = bytearray()
        self._room = room
        self._search = Search(path)
        self._is_published = may_be_published(path)
        self._hasher = hashlib.sha256()

    @property
    def is_binary(self) -> bool:
        """Say whether it is no text; then nothing was searched for."""
        return self._search.is_binary

    @property
    def is_done(self) -> bool:
        """Say whether the rest of it would tell nothing."""
        return self.is_binary and not self._is_published and len(self._kept) >= self._room

    @property
    def document(self) -> bytes:
        """The start of it."""
        return bytes(self._kept)

    @property
    def digest(self) -> str:
        """The digest of what was fed, in hexadecimal."""
        return self._hasher.hexdigest()

    def feed(self, chunk: bytes) -> None:
        """Take the next part."""
        self._search.feed(chunk)
        if not self.is_binary or self._is_published:
            self._hasher.update(chunk)
        if self._room > len(self._kept):
            self._kept += chunk[: self._room - len(self._kept)]

    def found(self) -> FileHits:
        """Return the secrets of it; a RECORD can vouch for what was read to its end."""
        return FileHits(
            path=self._path,
            mode=self._mode,
            layer=self._layer,
            hits=self._search.hits,
            is_key_store=KEY_STORE.fullmatch(self._path) is not None,
            digest=self.digest if not self.is_binary or self._is_published else "",
        )
