"""A Dockerfile for people: paragraphs with comments, flags and pairs on lines of their own.

``parse`` reads from it the instructions that it was made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lamina.dockerfile.instructions import (
    Assignment,
    Copy,
    Dockerfile,
    Healthcheck,
    Instruction,
    Run,
)
from lamina.dockerfile.render import heredocs, render, render_flag, render_instruction

_FOLD: Final = " \\\n    "
_NARROW: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Instructions that belong together, and why they are there; a comment may have lines."""

    instructions: tuple[Instruction, ...] = ()
    comment: str = ""


def annotated(paragraphs: Sequence[Paragraph]) -> str:
    """Write paragraphs with an empty line between them."""
    return "\n".join(map(_paragraph, paragraphs))


def _paragraph(paragraph: Paragraph) -> str:
    comment = "".join(f"# {line}".rstrip() + "\n" for line in paragraph.comment.splitlines())
    rows = [_instruction(found) for found in paragraph.instructions]
    # Hadolint 2.15 does not read on without an empty line after a document.
    apart = [
        f"{row}\n" if heredocs(found) else row
        for row, found in zip(rows[:-1], paragraph.instructions, strict=False)
    ]
    return comment + "".join([*apart, *rows[-1:]])


def _instruction(instruction: Instruction) -> str:
    whole = render(Dockerfile(instructions=(instruction,)))
    first, _, documents = whole.partition("\n")
    parts = _parts(instruction)
    if len(first) <= _NARROW and not isinstance(instruction, Assignment):
        return whole
    return f"{_FOLD.join(parts)}\n{documents}"


def _parts(instruction: Instruction) -> list[str]:
    """Divide an instruction where a line may end without a change of what is read."""
    match instruction:
        case Run(flags=flags) | Copy(flags=flags) | Healthcheck(flags=flags) if flags:
            bare = render_instruction(replace(instruction, flags=()))
            keyword, _, rest = bare.partition(" ")
            shown = list(map(render_flag, flags))
            return [f"{keyword} {shown[0]}", *shown[1:], rest]
        case Assignment(keyword=keyword, pairs=pairs, is_legacy=False):
            shown = [f"{name}={value}" for name, value in pairs]
            return [f"{keyword} {shown[0]}", *shown[1:]]
        case _:
            return [render_instruction(instruction)]
