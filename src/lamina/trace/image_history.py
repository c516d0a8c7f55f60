"""An image's history as an engine tells it, and which of its entries made which layer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lamina.trace.instruction import command

MAKES_LAYER = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
_INSTRUCTIONS = MAKES_LAYER | {
    "ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "SHELL", "STOPSIGNAL", "USER", "VOLUME",
}  # fmt: skip
_BUILDKIT = re.compile(r"([A-Z]+) (.*)", re.DOTALL)
_LEGACY = re.compile(r"\S+ (?:\S+ ){0,8}?#\(nop\) +([A-Z]+) ?(.*)", re.DOTALL)
_LONGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a history: an instruction, what it was given, and unpacked bytes.

    ``instruction`` is empty for what was imported.  What is no Dockerfile's instruction counts as
    ``RUN``.  BuildKit makes a layer for each instruction that may have one, also without bytes.
    """

    instruction: str
    text: str
    size: int
    is_buildkit: bool = False

    @property
    def name(self) -> str:
        """The instruction, for people."""
        return f"{self.instruction} {self.text}".strip()[:_LONGEST] or "imported"

    @property
    def may_have_layer(self) -> bool:
        """Say whether a builder makes a layer of such an instruction; ``WORKDIR /`` has none."""
        is_root = (self.instruction, self.text) == ("WORKDIR", "/")
        return self.size > 0 or (self.instruction in MAKES_LAYER and not is_root)


def read_entry(created_by: str, size: int) -> Entry:
    """Read what BuildKit, the builder before it, or another tool wrote into a history."""
    match = _BUILDKIT.fullmatch(created_by)
    if match and match[1] in _INSTRUCTIONS:
        text = command(match[2])
        return Entry(instruction=match[1], text=text, size=size, is_buildkit=True)
    match = _LEGACY.fullmatch(created_by)
    if match:
        return Entry(instruction=match[1], text=" ".join(match[2].split()), size=size)
    text = command(created_by)
    return Entry(instruction="RUN" if created_by.strip() else "", text=text, size=size)


def assign(entries: Sequence[Entry], diff_ids: Sequence[str]) -> dict[int, str] | None:
    """Find the entry of each layer: places in ``entries`` → diff_ids, both the oldest first.

    An engine does not say which entries have a layer.  Those with bytes have, and those of
    BuildKit's; of the others without bytes as many are taken as layers are left, the likelier
    ones first, so that a wrong guess moves no bytes of ours.  None where the numbers cannot fit.
    """
    ranked = sorted(
        (place for place, entry in enumerate(entries) if _doubt(entry) is not None),
        key=lambda place: (_doubt(entries[place]), -place),
    )
    certain = sum(entry.size > 0 for entry in entries)
    if not certain <= len(diff_ids) <= len(ranked):
        return None
    return dict(zip(sorted(ranked[: len(diff_ids)]), diff_ids, strict=True))


def _doubt(entry: Entry) -> int | None:
    """Say how doubtful it is that an entry has a layer, 0 for certain, None if it has none."""
    if entry.size > 0:
        return 0
    if entry.instruction and entry.instruction not in MAKES_LAYER:
        return None
    if entry.may_have_layer and entry.is_buildkit:
        return 1
    order = ("COPY", "ADD", "WORKDIR", "RUN")
    return 2 + (order.index(entry.instruction) if entry.may_have_layer else len(order))
