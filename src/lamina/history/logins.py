"""Logins in addresses, taken out of everything that is recorded."""

import re

_LOGIN = re.compile(r"""((?<![a-zA-Z0-9+.-])[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/"']+@""")


def hide_logins(text: str) -> str:
    """Remove user names and passwords from the addresses in ``text``.

    >>> hide_logins("cannot reach https://me:secret@example.org/simple/")
    'cannot reach https://example.org/simple/'
    """
    return _LOGIN.sub(r"\1", text) if "@" in text else text
