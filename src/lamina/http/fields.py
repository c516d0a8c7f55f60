"""Header fields as values: a server may write anything into them; pure."""

from collections.abc import Iterable

_MOST_DIGITS = 18  # Python refuses to read numbers of thousands of digits


def number_of(text: str) -> int | None:
    """Read a length or a position (RFC 9110, section 8.6); None for what is none.

    >>> number_of("42"), number_of("²"), number_of("9" * 5000)
    (42, None, None)
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


def joined(lines: Iterable[str]) -> str:
    """Make one value of a field's lines (RFC 9110, section 5.3); equal ones count once.

    >>> joined(['Bearer realm="a"', "Negotiate"])
    'Bearer realm="a", Negotiate'
    """
    return ", ".join(dict.fromkeys(lines))
