"""Licence terms: what a distribution or package says of its licence, in SPDX's words; pure."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

_CLASSIFIERS: Final = {
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mit no attribution license (mit-0)": "MIT-0",
    "mozilla public license 1.1 (mpl 1.1)": "MPL-1.1",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "zlib/libpng license": "Zlib",
    "gnu affero general public license v3": "AGPL-3.0-only",
    "gnu affero general public license v3 or later (agplv3+)": "AGPL-3.0-or-later",
    "gnu general public license (gpl)": "GPL-1.0-or-later",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu lesser general public license v2 (lgplv2)": "LGPL-2.0-only",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.0-or-later",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "gnu library or lesser general public license (lgpl)": "LGPL-2.0-or-later",
    "eclipse public license 2.0 (epl-2.0)": "EPL-2.0",
    "european union public licence 1.2 (eupl 1.2)": "EUPL-1.2",
    "other/proprietary license": "LicenseRef-Proprietary",
}
_COMMON: Final = {
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "mit license": "MIT",
    "the mit license": "MIT",
    "mpl 2.0": "MPL-2.0",
    "psf": "PSF-2.0",
    "expat": "MIT",
    "artistic": "Artistic-1.0-Perl",
}
_GNU: Final = re.compile(
    r"(A|L)?GPL[- ]?v?(\d)(?:\.(\d))?(\+| or later|-or-later|-only)?", re.IGNORECASE
)
_SPDX: Final = re.compile(r"[A-Za-z][A-Za-z0-9.+-]{1,60}")
_TOKEN: Final = re.compile(r"\(|\)|[^\s()]+")
_DEEPEST: Final = 50


def from_classifiers(classifiers: Sequence[str]) -> str:
    """Join what ``License ::`` classifiers name; several of them mean a choice.

    >>> from_classifiers(["License :: OSI Approved :: MIT License"])
    'MIT'
    """
    names = [one.rpartition("::")[2].strip() for one in classifiers]
    real = [name for name in names if name.lower() != "osi approved"]
    return " OR ".join(dict.fromkeys(_CLASSIFIERS.get(n.lower()) or spdx(n) for n in real if n))


def spdx(text: str) -> str:
    """Put a licence's usual names into SPDX's; an unknown text stays, as one word.

    >>> spdx("GPL-2+"), spdx("Apache License 2.0"), spdx("MIT OR Apache-2.0")
    ('GPL-2.0-or-later', 'Apache-2.0', 'MIT OR Apache-2.0')
    """
    plain = text.strip()
    if plain.lower() in _COMMON:
        return _COMMON[plain.lower()]
    if match := _GNU.fullmatch(plain):
        later = "only" if match[4] in {None, "-only"} else "or-later"
        return f"{(match[1] or '').upper()}GPL-{match[2]}.{match[3] or 0}-{later}"
    is_expression = re.search(r"\b(?:AND|OR|WITH)\b", plain) or _SPDX.fullmatch(plain)
    return plain if is_expression else re.sub(r"[^A-Za-z0-9.+-]+", "-", plain).strip("-")[:60]


def denied_by(expression: str, denied: Sequence[str]) -> str:
    """Return the licence that makes ``expression`` unusable; empty where one may be chosen.

    Of ``A OR B`` both have to be denied, of ``A AND B`` one.  ``denied`` are SPDX ids, and may end
    in ``*``.

    >>> denied_by("MIT OR GPL-3.0-only", ["GPL-*"]), denied_by("MIT AND GPL-3.0-only", ["GPL-*"])
    ('', 'GPL-3.0-only')
    """
    words = _TOKEN.findall(expression)[:1000]
    return _Evaluator(words, tuple(pattern.lower() for pattern in denied)).either(0)


class _Evaluator:
    """Reads an expression: WITH binds before AND, that before OR; malformed ones as far as sane."""

    def __init__(self, words: list[str], denied: tuple[str, ...]) -> None:
        self._words = words
        self._denied = denied
        self._at = 0

    def either(self, depth: int) -> str:
        found = [self._all(depth)]
        while self._takes("or"):
            found.append(self._all(depth))
        return found[0] if all(found) else ""

    def _all(self, depth: int) -> str:
        found = [self._one(depth)]
        while self._takes("and"):
            found.append(self._one(depth))
        return next(filter(None, found), "")

    def _one(self, depth: int) -> str:
        if self._takes("(") and depth < _DEEPEST:
            found = self.either(depth + 1)
            self._takes(")")
            return found
        word = self._words[self._at] if self._at < len(self._words) else ""
        self._at += 1
        if self._takes("with"):
            self._at += 1  # an exception permits more, and never less
        return word if self._is_denied(word) else ""

    def _takes(self, word: str) -> bool:
        is_next = self._at < len(self._words) and self._words[self._at].lower() == word
        self._at += is_next
        return is_next

    def _is_denied(self, word: str) -> bool:
        return any(fnmatchcase(word.lower(), pattern) for pattern in self._denied)
