"""Foreign text, made fit for a terminal."""


def printable(text: str) -> str:
    """Replace control characters of foreign text, so that it cannot steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def indented(text: str) -> str:
    """Make foreign text printable; its further lines cannot pose as lines of ours."""
    return printable(text).replace("\n", "\n  ")
