"""Numbers for people."""


def size_text(size: float) -> str:
    """Write a number of bytes in decimal units, as registries do.

    >>> size_text(1_234_567)
    '1.2 MB'
    """
    for unit in ("B", "kB", "MB"):
        if size < 1000:  # noqa: PLR2004 - a kilobyte
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"


def printable(text: str) -> str:
    """Replace control characters of foreign text, so that it cannot steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def indented(text: str) -> str:
    """Make foreign text printable; its further lines cannot pose as lines of ours."""
    return printable(text).replace("\n", "\n  ")
