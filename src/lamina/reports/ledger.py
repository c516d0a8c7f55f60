"""The ledger of a build's cache as a line: what it earned, what it cost, and what is left."""

from typing import Final

from lamina.history.metrics import Ledger

_MINUS: Final = "\N{MINUS SIGN}"
_MANY: Final = 10


def ledger_text(ledger: Ledger) -> str:
    """Write what was earned, less each of the costs that there were; empty where there is nothing.

    All are in seconds with as many digits, so that a reader can add them up.

    >>> ledger_text(Ledger(earned=140.9, imported=2.1, exported=19.9))
    'earned 140.9 s \u2212 import 2.1 s \u2212 export 19.9 s = 118.9 s'
    """
    costs = {"import": ledger.imported, "fetched": ledger.fetched, "export": ledger.exported}
    known = {name: seconds for name, seconds in costs.items() if seconds}
    if not known and not ledger.earned:
        return ""
    digits = 1 if max(ledger.earned, *known.values(), 0.0) >= _MANY else 2
    terms = {"earned": ledger.earned, **known}
    texts = (f"{name} {seconds:.{digits}f} s" for name, seconds in terms.items())
    net = f"{ledger.net:.{digits}f} s".replace("-", _MINUS)
    return f"{f' {_MINUS} '.join(texts)} = {net}"
