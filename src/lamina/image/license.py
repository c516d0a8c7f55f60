"""License: what a distribution's METADATA says about it, as an SPDX expression where it is one."""

from dataclasses import dataclass
from typing import Any, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import parse_email

_PREFIX: Final = "License :: "
_LONGEST: Final = 100

# Classifiers that mean one licence; "BSD License", say, may be any of several.
_CLASSIFIERS: Final = {
    "OSI Approved :: Apache Software License": "Apache-2.0",
    "OSI Approved :: Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "OSI Approved :: Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "OSI Approved :: GNU Affero General Public License v3": "AGPL-3.0-only",
    "OSI Approved :: GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "OSI Approved :: GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "OSI Approved :: GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "OSI Approved :: GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "OSI Approved :: GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "OSI Approved :: GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "OSI Approved :: ISC License (ISCL)": "ISC",
    "OSI Approved :: MIT License": "MIT",
    "OSI Approved :: MIT No Attribution License (MIT-0)": "MIT-0",
    "OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "OSI Approved :: The Unlicense (Unlicense)": "Unlicense",
    "OSI Approved :: zlib/libpng License": "Zlib",
}

# Names of licences in full, letters and digits alone, that mean one of SPDX's.
_NAMES: Final = {
    "2clausebsd": "BSD-2-Clause",
    "3clausebsd": "BSD-3-Clause",
    "3clausebsdlicense": "BSD-3-Clause",
    "apache20": "Apache-2.0",
    "apachelicense20": "Apache-2.0",
    "apachelicenseversion20": "Apache-2.0",
    "bsd2clause": "BSD-2-Clause",
    "bsd2clauselicense": "BSD-2-Clause",
    "bsd3clause": "BSD-3-Clause",
    "bsd3clauselicense": "BSD-3-Clause",
    "isclicense": "ISC",
    "mitlicense": "MIT",
    "themitlicense": "MIT",
    "mozillapubliclicense20": "MPL-2.0",
    "newbsd": "BSD-3-Clause",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """What is said about a licence; nobody has read the licence itself.

    ``expression`` is a valid SPDX expression, or empty; ``said`` is what stands there instead.
    """

    expression: str = ""
    said: str = ""


def license_of(metadata: bytes) -> License:
    r"""Read METADATA: ``License-Expression``, else ``License``, else the classifiers.

    >>> license_of(b"Metadata-Version: 2.1\nName: x\nLicense: bsd-3-clause\n\n").expression
    'BSD-3-Clause'
    """
    fields: Any = parse_email(metadata)[0]
    classifiers = [
        text.removeprefix(_PREFIX)
        for text in fields.get("classifiers", ())
        if text.startswith(_PREFIX)
    ]
    known = [_CLASSIFIERS[text] for text in classifiers if text in _CLASSIFIERS]
    said = fields.get("license", "").strip()
    expression = _expression(fields.get("license_expression", "")) or _expression(_title(said))
    if not expression and classifiers and len(known) == len(classifiers) == 1:
        expression = known[0]
    if expression:
        return License(expression=expression)
    if classifiers and len(said.splitlines()) != 1:  # the text of a licence, or nothing
        said = "; ".join(classifiers)
    return License(said=_short(fields.get("license_expression") or said))


def _expression(text: str) -> str:
    """Read an expression, or the name of a licence; empty for what is neither."""
    if not text or len(text) > _LONGEST or "LicenseRef-" in text:
        return ""
    name = "".join(letter for letter in text.lower() if letter.isalnum())
    if name in _NAMES:
        return _NAMES[name]
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return ""


def _title(text: str) -> str:
    """Take the first line: some distributions have the whole text of a licence here."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _short(text: str) -> str:
    line = _title(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
