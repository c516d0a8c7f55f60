"""Registers: the files in an image that say which package brought which file, made short.

Python's are RECORD and direct_url.json of each distribution (PEP 376, PEP 610); Debian's are dpkg's
status and its lists of files, or the status.d of images without dpkg.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Final

LONGEST: Final = 32 << 20
"""Bytes from which on a register is not read, and its files have no owner."""

RECORD: Final = ".dist-info/RECORD"
ORIGIN: Final = ".dist-info/direct_url.json"
STATUS: Final = "var/lib/dpkg/status"
STATUS_FOLDER: Final = "var/lib/dpkg/status.d/"
LISTS: Final = "var/lib/dpkg/info/"
LOCAL: Final = "local"
_LIST, _SUMS = ".list", ".md5sums"
_INSTALLED: Final = "installed"


def is_register(path: str) -> bool:
    """Say whether the file at ``path`` is one."""
    return _reader(path) is not None


def shorten(path: str, data: bytes) -> tuple[str, ...]:
    """Return what matters of a register; nothing of a malformed one.

    Of a list of files it is the paths as they stand there; of dpkg's status ``name version`` of
    each installed package; of a distribution's origin ``local`` where that is a folder or file.
    """
    read = _reader(path)
    if read is None:
        return ()
    try:
        return tuple(read(data.decode("utf-8", "surrogateescape")))
    except (ValueError, csv.Error, RecursionError):
        return ()


def _reader(path: str) -> Callable[[str], Iterator[str]] | None:
    if path.endswith(RECORD):
        return _record
    if path.endswith(ORIGIN):
        return _origin
    if not path.startswith("var/lib/dpkg/"):
        return None
    if path.startswith(LISTS):
        return _list if path.endswith(_LIST) else None
    if path.startswith(STATUS_FOLDER) and path.endswith(_SUMS):
        return _sums
    return _status if path == STATUS or path.startswith(STATUS_FOLDER) else None


def _record(text: str) -> Iterator[str]:
    return (row[0] for row in csv.reader(io.StringIO(text)) if row and row[0])


def _origin(text: str) -> Iterator[str]:
    value = json.loads(text)
    url = value.get("url") if isinstance(value, dict) else None
    if isinstance(url, str) and url.startswith("file:"):
        yield LOCAL


def _list(text: str) -> Iterator[str]:
    return (line.lstrip("/") for line in text.split("\n") if line.strip("/."))


def _sums(text: str) -> Iterator[str]:
    return (line.partition("  ")[2] for line in text.split("\n") if "  " in line)


def _status(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        fields = dict(_fields(paragraph))
        state = fields.get("Status", _INSTALLED).split()
        if fields.get("Package") and _INSTALLED in state:
            yield f"{fields['Package']} {fields.get('Version', '')}"


def _fields(paragraph: str) -> Iterator[tuple[str, str]]:
    for line in paragraph.split("\n"):
        name, colon, value = line.partition(":")
        if colon and not line[:1].isspace():
            yield name, value.strip()
