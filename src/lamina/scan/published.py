"""Published: what distributions brought, which whoever can install them has; no secret of anybody.

Test suites bring keys of their own, and programs names and examples that look like a secret under
its name.  A RECORD that names the very bytes says that they came with the distribution; what
somebody put beside them, or wrote into them, is in none.
"""

import base64
import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lamina.scan.documents import RECORD
from lamina.scan.inventory import FileHits, Inventory
from lamina.scan.metadata import copies

_DEEPEST: Final = 40
"""Files that are deeper below their distribution's folder are nobody's."""

_TESTS: Final = re.compile(
    r"(?:.*/)?site-packages/(?:.*/)?(?:[^/]*tests?|testing|testdata|fixtures|demos?|examples?"
    r"|dummyserver)/.*"
)


def may_be_published(path: str) -> bool:
    """Say whether the file is of a distribution's tests, so that its digest is worth computing.

    >>> may_be_published("opt/venv/lib/python3.11/site-packages/toy/test/test.key")
    True
    """
    return _TESTS.fullmatch(path) is not None


class Published:
    """What the RECORDs of an image's distributions vouch for, those in ``own`` left out."""

    def __init__(self, inventory: Inventory, own: frozenset[str]) -> None:
        self._inventory = inventory
        self._own = own
        self._digests: Mapping[str, tuple[str, str]] | None = None

    def owner(self, file: FileHits) -> str:
        """Name the distribution that the file came with; empty where none vouches for it."""
        if not file.digest:
            return ""
        if self._digests is None:
            self._digests = dict(self._rows())
        name, digest = self._digests.get(file.path, ("", ""))
        return name if digest == file.digest else ""

    def _rows(self) -> Iterator[tuple[str, tuple[str, str]]]:
        folders = _by_folder(file.path for file in self._inventory.secrets if file.digest)
        known: dict[bytes, dict[str, str]] = {}
        done: set[tuple[str, bytes]] = set()
        for one in copies(self._inventory):
            info = one.path.removesuffix("/METADATA")
            record = self._inventory.document(info.removesuffix(".dist-info") + RECORD)
            site = info.rpartition("/")[0]
            if one.name in self._own or (site, record) in done:
                continue
            done.add((site, record))
            paths = folders.get(site) or set[str]()
            if paths and record not in known:  # links lead to the same one again and again
                known[record] = dict(_listed(record))
            for path in paths & known[record].keys() if paths else ():
                yield f"{site}/{path}".lstrip("/"), (str(one), known[record][path])


def _by_folder(paths: Iterable[str]) -> dict[str, set[str]]:
    """Give each folder the paths below it, as they are seen from there."""
    found: dict[str, set[str]] = {}
    for path in paths:
        parts = path.split("/")[-_DEEPEST:]
        head = path.split("/")[:-_DEEPEST]
        for count in range(len(parts)):
            folder = "/".join([*head, *parts[:count]])
            found.setdefault(folder, set()).add("/".join(parts[count:]))
    return found


def _listed(record: bytes) -> Iterator[tuple[str, str]]:
    """Yield the files of a RECORD, each with its digest in hexadecimal."""
    lines = record.decode("utf-8", "replace").splitlines()
    try:
        for row in csv.reader(lines):
            kind, _, text = row[1].partition("=") if len(row) > 1 else ("", "", "")
            if kind == "sha256":
                yield row[0], base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
    except (csv.Error, ValueError):
        return  # a RECORD that cannot be read vouches for nothing more
