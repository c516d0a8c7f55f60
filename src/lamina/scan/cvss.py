"""CVSS: from a vector to a base score (CVSS v3.1 specification, section 7.1) and its word; pure."""

import math
from collections.abc import Mapping
from typing import Final

from lamina.scan.finding import Severity

_WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES: Final = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def base_score(vector: str) -> float | None:
    """Compute the base score of a v3.0 or v3.1 vector; None for any other text.

    >>> base_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
    9.8
    """
    prefix, _, rest = vector.partition("/")
    if prefix not in {"CVSS:3.0", "CVSS:3.1"}:
        return None
    parts = dict(part.partition(":")[::2] for part in rest.split("/"))
    try:
        weights = {name: table[parts[name]] for name, table in _WEIGHTS.items()}
        privileges = _PRIVILEGES[parts["S"]][parts["PR"]]
    except KeyError:
        return None
    return _score(weights, privileges, is_changed=parts["S"] == "C")


def word(score: float) -> Severity:
    """Name a score (section 5); there is no word for nothing, so 0 is low.

    >>> word(9.8), word(4.0)
    ('critical', 'medium')
    """
    if score >= 9:  # noqa: PLR2004 - the specification's table
        return "critical"
    if score >= 7:  # noqa: PLR2004
        return "high"
    return "medium" if score >= 4 else "low"  # noqa: PLR2004


def _score(weights: Mapping[str, float], privileges: float, *, is_changed: bool) -> float:
    iss = 1 - (1 - weights["C"]) * (1 - weights["I"]) * (1 - weights["A"])
    impact = 7.52 * (iss - 0.029) - 3.25 * (iss - 0.02) ** 15 if is_changed else 6.42 * iss
    ease = 8.22 * weights["AV"] * weights["AC"] * privileges * weights["UI"]
    if impact <= 0:
        return 0.0
    return _round_up(min((1.08 if is_changed else 1.0) * (impact + ease), 10.0))


def _round_up(score: float) -> float:
    """Round as appendix A of v3.1 does, which keeps floating-point noise out."""
    scaled = round(score * 100_000)
    return scaled / 100_000 if scaled % 10_000 == 0 else (math.floor(scaled / 10_000) + 1) / 10
