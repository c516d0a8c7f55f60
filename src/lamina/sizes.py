"""Sizes: bytes as people read them, written in one way wherever we say them."""


def bytes_text(size: float) -> str:
    """Write bytes in decimal units, as registries do.

    >>> [bytes_text(n) for n in (49, 1_234_567, -2_340_000_000)]
    ['49 B', '1.2 MB', '-2.34 GB']
    """
    for unit in ("B", "kB", "MB"):
        if abs(size) < 1000:  # noqa: PLR2004 - a kilobyte
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"
