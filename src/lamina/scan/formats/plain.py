"""Plain: foreign text without what could steer a terminal or break a document; pure."""


def printable(text: str) -> str:
    r"""Replace what is no character that can be seen; one line stays one line.

    >>> printable("a\x1b[31m\nb")
    'a�[31m b'
    """
    joined = " ".join(text.split("\n"))
    return "".join(c if c.isprintable() else "\ufffd" for c in joined)
