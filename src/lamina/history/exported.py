"""Records one a line, as ``lamina history export --format jsonl`` writes them and import reads."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from lamina.errors import InputError
from lamina.history.document import record_from_text
from lamina.history.record import BuildRecord

_START: Final = '{"schema":'


def exported(
    lines: Iterable[str],
) -> tuple[Iterator[BuildRecord | InputError] | None, Iterable[str]]:
    """Tell an export from other texts by its first line.

    Returns the records of an export, with an error in place of each line that is none, and None for
    any other text; and all the lines.
    """
    rest = iter(lines)
    first = next(rest, "")
    everything = chain((first,), rest)
    return (_records(everything), ()) if first.startswith(_START) else (None, everything)


def _records(lines: Iterable[str]) -> Iterator[BuildRecord | InputError]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield record_from_text(line)
        except InputError as error:
            error.where = f"line {number}" + (f", {error.where}" if error.where else "")
            yield error
