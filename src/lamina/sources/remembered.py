"""Wheels that another machine built from an sdist: no index has them, and the memo has."""

import shutil
from pathlib import Path

from lamina.durable import incoming
from lamina.events import WheelFetched
from lamina.layer.memo import Memo
from lamina.lock.lock import LockedWheel
from lamina.protocols import Source
from lamina.steps import Step
from lamina.store.blobs import has_digest
from lamina.store.store import Store


class RememberedSource:
    """Fetches from ``source``, and from the memo what was never on an index."""

    def __init__(self, source: Source, memo: Memo, store: Store) -> None:
        self._source = source
        self._memo = memo
        self._store = store

    def fetch(self, wheel: LockedWheel, step: Step) -> Path:
        """Return the wheel's file in the store."""
        path = self._store.wheel_path(wheel.digest)
        if wheel.url or has_digest(path, wheel.digest):
            return self._source.fetch(wheel, step)
        kept = self._memo.open_file(wheel.digest)
        if kept is None:
            return self._source.fetch(wheel, step)  # which says what is wrong
        with step, kept, incoming(self._store.ingest) as new:
            shutil.copyfileobj(kept, new.file)
            new.commit(path, durable=False)
            step.tell(WheelFetched, name=wheel.filename, digest=wheel.digest, size=wheel.size)
        return path
