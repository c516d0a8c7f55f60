"""Published: test data of distributions, which whoever can install them has; no secret of anybody.

Test suites bring keys of their own.  A RECORD that names the very bytes says that they came with
the distribution; a key that somebody put beside them is in none.
"""

import base64
import csv
import re
from collections.abc import Iterator, Mapping
from typing import Final

from lamina.scan.documents import RECORD
from lamina.scan.inventory import FileHits, Inventory
from lamina.scan.metadata import distributions

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
        for one in distributions(self._inventory):
            folder = one.path.removesuffix("/METADATA")
            record = self._inventory.document(folder.removesuffix(".dist-info") + RECORD)
            if one.name in self._own or not record:
                continue
            site = folder.rpartition("/")[0]
            for path, digest in _listed(record):
                yield f"{site}/{path}", (str(one), digest)


def _listed(record: bytes) -> Iterator[tuple[str, str]]:
    """Yield the files of a RECORD that are test data, each with its digest in hexadecimal."""
    lines = record.decode("utf-8", "replace").splitlines()
    try:
        for row in csv.reader(lines):
            kind, _, text = row[1].partition("=") if len(row) > 1 else ("", "", "")
            if kind == "sha256" and may_be_published(f"site-packages/{row[0]}"):
                yield row[0], base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
    except (csv.Error, ValueError):
        return  # a RECORD that cannot be read vouches for nothing more
