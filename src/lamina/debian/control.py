"""Paragraphs of fields, the one syntax of Debian's control files (deb822(5))."""

from collections.abc import Iterator
from dataclasses import dataclass

from lamina.errors import ArchiveError


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One paragraph: ``fields`` by lower-case name, ``line`` the number of its first line.

    A value keeps its line breaks without the blank that marks a continuation; ``lines`` has
    the line number of each field.
    """

    fields: dict[str, str]
    lines: dict[str, int]
    line: int

    def get(self, name: str, default: str = "") -> str:
        """Return the value of a field, whatever the case of its name."""
        return self.fields.get(name.lower(), default)


def parse_paragraph(text: str, *, where: str = "") -> Paragraph:
    """Parse a text of exactly one paragraph; raise ``ArchiveError`` for none or several."""
    paragraphs = list(parse_paragraphs(text, where=where))
    if len(paragraphs) != 1:
        raise ArchiveError(
            f"a control file must hold one paragraph, this has {len(paragraphs)}", where=where
        )
    return paragraphs[0]


def parse_paragraphs(text: str, *, where: str = "") -> Iterator[Paragraph]:
    """Yield the paragraphs of ``text``; lines that start with ``#`` are comments anywhere.

    Raises ``ArchiveError`` naming the line for anything that is not a field.
    """
    builder = _Builder()
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.rstrip()
        if stripped.startswith("#"):
            continue
        if not stripped:
            if builder.fields:
                yield builder.finish()
            builder = _Builder()
        else:
            builder.add(stripped, number, where)
    if builder.fields:
        yield builder.finish()


class _Builder:
    """The fields of a paragraph that is still being read."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self._last = ""

    def add(self, line: str, number: int, where: str) -> None:
        if line[0] in " \t":
            self._continue(line, number, where)
            return
        name, colon, value = line.partition(":")
        key = name.lower()
        if not colon or not key.isascii() or not key.replace("-", "").replace("_", "").isalnum():
            raise ArchiveError(f"line {number} is not a field: {line[:60]!r}", where=where)
        if key in self.fields:
            raise ArchiveError(f"line {number} repeats the field {name}", where=where)
        self.fields[key] = value.strip()
        self.lines[key] = number
        self._last = key

    def finish(self) -> Paragraph:
        return Paragraph(fields=self.fields, lines=self.lines, line=min(self.lines.values()))

    def _continue(self, line: str, number: int, where: str) -> None:
        if not self._last:
            raise ArchiveError(f"line {number} continues a field, but there is none", where=where)
        self.fields[self._last] += "\n" + line[1:]
