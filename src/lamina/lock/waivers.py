"""Are the names under ``allow-record-mismatch`` names of the lock?  A typo would waive nothing."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from packaging.utils import canonicalize_name

from lamina.errors import ProjectError
from lamina.lock.lock import Lock

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_waivers(names: Iterable[str], lock: Lock, *, text: str) -> None:
    """Raise ``ProjectError`` listing the ``names`` that no wheel has.

    ``text`` is that of the lock file: a name may be there for another platform than ``lock`` is.
    """
    known = {wheel.name for wheel in lock.wheels}
    unknown = [name for name in names if name not in known]
    if not unknown:
        return
    known |= {str(canonicalize_name(word)) for word in _WORD.findall(text)}
    problems = tuple(_problem(name, known) for name in unknown if name not in known)
    if problems:
        raise ProjectError(
            "only distributions of the lock can be waived",
            where="pyproject.toml, tool.lamina.allow-record-mismatch",
            problems=problems,
        )


def _problem(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(canonicalize_name(name), known, n=1)
    return f"no wheel is called {name!r}" + (f", did you mean {close[0]!r}?" if close else "")
