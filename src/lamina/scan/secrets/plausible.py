"""Whether a value may be a secret, or only stands where one would; pure."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

_WORDS: Final = ("example", "placeholder", "redacted", "replace", "sample", "insert", "changeme")
"""Long enough that chance never draws one, in one case: of 10,000 keys it would take millions."""
_SHORT_WORDS: Final = ("your", "todo", "fixme", "dummy", "xxxx+")
"""Chance draws these, but seldom with no letter on either side."""


def _in_any_case(words: Iterable[str]) -> str:
    return "|".join(form for w in words for form in (w, w.upper(), w.capitalize()))


_PLACEHOLDER: Final = re.compile(
    rf"{_in_any_case(_WORDS)}|(?<![A-Za-z])(?:{_in_any_case(_SHORT_WORDS)})(?![A-Za-z])"
    r"|[cC]hange[-_. ][mM]e|CHANGE[-_. ]ME|your(?:password|passwd|secret|token|api|key)"
    r"|x{6,}|X{6,}|\*\*\*|\.\.\.|<[^>]*>|\$\{|\$\(|\{\{|%\(|^\$[A-Za-z_]\w*(?:/|::|$)|^%[A-Z_]+%$"
    r"|12345678|abcdefgh|ABCDEFGH|00000000"
)
_REFERENCE: Final = re.compile(
    r"(?:true|false|none|null|yes|no|on|off|undefined|password|passwd|secret|token|test|pass"
    r"|nothing|files|compat|default|required|optional|string|str|bytes|int)|[-+]?[0-9.]+[smhd]?"
    r"|pass:insta"  # which OpenSSL's own openssl.cnf says
    r"|(?:[a-z]+(?:-[a-z]+)*|[0-9]{1,4})(?:/(?:[a-z]+(?:-[a-z]+)*|[0-9]{1,4}))+"
    r"|[./~][^\s]*|[A-Za-z_][\w.]*[(\[].*|[a-z]+://[^@]*|arn:.*|sha(?:1|256|512):.*",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"[a-z]+(?:[-_.](?:[a-z]+|[0-9]{1,4}))*|[A-Z]+(?:[-_.](?:[A-Z]+|[0-9]{1,4}))*|[A-Z]?[a-z]+(?:[A-Z][a-z]+)*"
)


_DOTTED: Final = re.compile(r"[A-Za-z_]\w{0,30}(?:\.[A-Za-z_]\w{0,30})+")


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits a character.

    >>> entropy("aaaa"), entropy("abcd")
    (0.0, 2.0)
    """
    counts = Counter(text).values()
    return abs(-sum(n / len(text) * math.log2(n / len(text)) for n in counts))


def is_placeholder(value: str) -> bool:
    """Say whether the value only shows where one would stand.

    >>> [is_placeholder(value) for value in ("<your token>", "${TOKEN}", "tr0ub4dor&3")]
    [True, True, False]
    """
    return bool(_PLACEHOLDER.search(value)) or len(set(value)) <= 2  # noqa: PLR2004 - "aaaa", "-=-="


def is_value(value: str) -> bool:
    """Say whether a value that somebody set on purpose may be a secret: no path, number or name.

    >>> [is_value(value) for value in ("hunter2", "/run/secrets/db", "true", "$(cat token)")]
    [True, False, False, False]
    """
    is_short = len(value) < 4  # noqa: PLR2004 - nothing that short keeps anybody out
    return not is_short and not is_placeholder(value) and not _REFERENCE.fullmatch(value)


def is_random(value: str) -> bool:
    """Say whether a value looks drawn by chance, as no word of a program does.

    >>> is_random("9fK2vQ7xLm4Zt8Rb"), is_random("content_security_policy")
    (True, False)
    """
    has_both = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    long_enough = len(value) >= 12  # noqa: PLR2004 - shorter ones are words too often
    return (
        is_value(value)
        and has_both
        and long_enough
        and not _NAME.fullmatch(value)
        and not _DOTTED.fullmatch(value)  # a name of a program, such as base64.b64decode
        and value.count(":") < 2  # noqa: PLR2004 - a line of passwd(5), a time
        and entropy(value) >= 3.2  # noqa: PLR2004 - English has about 2.5, base64 above 4
    )
