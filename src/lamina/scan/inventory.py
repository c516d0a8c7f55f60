"""Inventory: what one look through an image, or the files of a project, brings for all scanners."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lamina.scan.documents import Document
from lamina.scan.secrets.search import Hit
from lamina.scan.tree import Leaf, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHits:
    """The secrets in one file of one layer; ``mode`` is the file's.

    ``digest`` is the hexadecimal SHA-256 of the file, where a RECORD might vouch for it.
    """

    path: str
    mode: int
    layer: int
    hits: tuple[Hit, ...] = ()
    is_key_store: bool = False
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What was seen.

    ``documents`` are those of the finished image, by path.  ``texts`` files were searched for
    secrets, and ``binaries`` were not; those of lower layers count too.  ``unread`` says which
    files should have been documents and are not, and is empty where all of them are.
    """

    tree: Tree = field(default_factory=Tree)
    documents: Mapping[str, Document] = field(default_factory=dict)
    secrets: tuple[FileHits, ...] = ()
    texts: int = 0
    binaries: int = 0
    unread: str = ""

    def document(self, *paths: str) -> bytes:
        """Return the first of the documents that is there, or nothing."""
        return next((self.documents[p].data for p in paths if p in self.documents), b"")

    def leaf(self, path: str) -> Leaf | None:
        """Return the path in the finished image."""
        return self.tree.find(path)
