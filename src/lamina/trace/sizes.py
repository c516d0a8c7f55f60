"""Sizes and times as BuildKit and Docker print them, read and written."""

import re

_UNITS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
LARGEST = 2**63 - 1
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)([kKMGTP]?)(i?)B")


def parse_size(text: str) -> int | None:
    """Read ``1.08MB`` (decimal, as printed) or ``3.2MiB``; None if it is no size.

    >>> parse_size("1.08MB")
    1080000
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    unit: int = (1024 if match[3] else 1000) ** _UNITS[match[2]]
    return min(round(float(match[1]) * unit), LARGEST)


def format_size(size: int) -> str:
    """Write bytes in decimal units with two digits, as BuildKit does.

    >>> format_size(1_080_000), format_size(49)
    ('1.08MB', '49B')
    """
    value = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":  # noqa: PLR2004 - the next unit
            break
        value /= 1000
    return f"{size}B" if unit == "B" else f"{value:.2f}{unit}"
