"""What a wheel says that it is: its file name, and the fields of its metadata."""

import re

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from lamina.errors import ArchiveError


def parse_filename(filename: str) -> tuple[str, str]:
    """Return name and version, normalized; raise ``ArchiveError`` for another kind of file."""
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise ArchiveError("not a wheel's file name", where=filename, why=str(error)) from error
    return str(name), str(version)


def fields(text: str) -> dict[str, str]:
    """Read the header fields of METADATA or WHEEL; the first of each name counts."""
    found: dict[str, str] = {}
    for line in re.split("\r\n|\r|\n", text):  # splitlines() knows more ends than others do
        if not line.strip():
            break
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            found.setdefault(name.strip().lower(), value.strip())
    return found
