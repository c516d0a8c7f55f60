"""The project's own files on their way into a layer, checked to be those that were planned."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lamina.errors import IntegrityError, ProjectError
from lamina.layer.compress import compress_or_store
from lamina.layer.write import LayerWriter
from lamina.oci.digest import Digest
from lamina.oci.entry import Entry
from lamina.plan.plan import PlannedFile
from lamina.store.file_digest import LARGE, forget_facts
from lamina.store.store import Store

_PIECE: Final = 1 << 20
_OWNER: Final = "project"


def add_file(writer: LayerWriter, file: PlannedFile, store: Store) -> None:
    """Add a file; a large one is never in memory as a whole.

    Raises ``ProjectError`` where it cannot be read, and ``IntegrityError`` where it changed.
    """
    try:
        digest = _write(writer, file)
        if digest != file.digest:
            raise _changed(file)
    except IntegrityError:
        forget_facts(Path(file.source), store)
        raise


def _write(writer: LayerWriter, file: PlannedFile) -> Digest:
    entry, pieces = Entry(path=file.path, mode=file.mode), _Pieces(file)
    if file.size < LARGE:
        return writer.add(replace(entry, data=b"".join(pieces)), owner=_OWNER)
    return writer.pour(entry, pieces, size=file.size, encode=compress_or_store, owner=_OWNER)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The bytes of a file, as many as were planned, in pieces of one size."""

    file: PlannedFile

    def __iter__(self) -> Iterator[bytes]:
        left = self.file.size
        try:
            with Path(self.file.source).open("rb") as source:
                while piece := source.read(_PIECE):
                    left -= len(piece)
                    if left < 0:
                        break
                    yield piece
        except OSError as error:
            raise ProjectError(f"cannot read: {error.strerror}", where=self.file.source) from error
        if left:
            raise _changed(self.file)


def _changed(file: PlannedFile) -> IntegrityError:
    return IntegrityError(
        "the file changed while the image was built", where=file.source, hint="build again"
    )
