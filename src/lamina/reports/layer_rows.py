"""What is said of one layer: its bytes by what became of them, what made it, what is in it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lamina.anatomy.anatomy import Anatomy

_NAMED: Final = 6
_SHELL: Final = ("/bin/sh -c #(nop) ", "/bin/sh -c ")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """A layer, counted from 1 at the bottom; ``duplicate`` and ``junk`` are of its live bytes."""

    number: int
    packed: int
    unpacked: int
    live: int
    dead: int
    duplicate: int
    junk: int
    files: int
    made_by: str
    holds: str
    digest: str


def layer_rows(anatomy: Anatomy) -> tuple[LayerRow, ...]:
    """Say of each layer what is known of it, lowest first."""
    live = _sums((part.layer, part.size) for part in anatomy.parts)
    dead = _sums((dead.writer, dead.size) for dead in anatomy.dead)
    duplicate = _sums((part.layer, part.size) for part in anatomy.parts if part.copy_of)
    junk = _sums((part.layer, part.size) for part in anatomy.parts if part.junk)
    holds = _owned(anatomy)
    return tuple(
        LayerRow(
            number=number + 1,
            packed=layer.size,
            unpacked=nodes.size,
            live=live[number],
            dead=dead[number],
            duplicate=duplicate[number],
            junk=junk[number],
            files=sum(node.kind == "file" for node in nodes.nodes),
            made_by=made_by(layer.created_by),
            holds=_largest(holds.get(number, {})),
            digest=str(layer.descriptor.digest),
        )
        for number, (layer, nodes) in enumerate(
            zip(anatomy.image.layers, anatomy.layers, strict=True)
        )
    )


def made_by(text: str) -> str:
    """Shorten what a history says of a layer: without the shell that every RUN starts.

    >>> made_by("RUN /bin/sh -c pip install x # buildkit")
    'RUN pip install x'
    """
    for shell in _SHELL:
        text = text.replace(shell, "", 1)
    return " ".join(text.removesuffix("# buildkit").split())


def _owned(anatomy: Anatomy) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = {}
    for part in anatomy.parts:
        if part.owner:
            found.setdefault(part.layer, Counter())[str(part.owner)] += part.size
    return found


def _largest(sizes: Mapping[str, int]) -> str:
    """Name what brought the most bytes."""
    names = sorted(sizes, key=lambda name: (-sizes[name], name))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _sums(rows: Iterable[tuple[int, int]]) -> Counter[int]:
    found: Counter[int] = Counter()
    for number, size in rows:
        found[number] += size
    return found
