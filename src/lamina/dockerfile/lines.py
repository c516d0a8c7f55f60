"""Logical lines of a Dockerfile: directives, comments, continued lines, and the documents below."""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from lamina.dockerfile.expand import ExpansionError, Reading, expand_words
from lamina.dockerfile.instructions import Comment, Heredoc
from lamina.errors import InputError

DIRECTIVES: Final = ("syntax", "escape", "check")
_DIRECTIVE: Final = re.compile(r"#[ \t]*([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*(.+?)[ \t]*")
_HEREDOC: Final = re.compile(r"\d*<<(-?)([^<]+)", re.DOTALL)
_WITH_HEREDOCS: Final = re.compile(
    r"(?:ONBUILD\s+)?(RUN|COPY|ADD)\s+(.*)", re.DOTALL | re.IGNORECASE
)
_RAW: Final = Reading(keeps_quotes=True, keeps_escapes=True, keeps_unset=True)
_SPACE: Final = " \t\r\f\v"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalLine:
    """One instruction's text without comments and line ends, and the documents that follow it."""

    text: str
    line: int
    end_line: int
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(slots=True)
class Lines:
    """What a text consists of."""

    directives: dict[str, str] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    lines: list[LogicalLine] = field(default_factory=list)


def read_lines(text: str) -> Lines:
    """Take a Dockerfile's text apart.

    Raises ``InputError`` for a directive that stands twice or has an impossible value, and for a
    heredoc that does not end.
    """
    rows = text.removeprefix("\ufeff").split("\n")
    found = Lines()
    start = _read_directives(rows, found)
    _Reader(rows, start, found).read()
    return found


def _read_directives(rows: list[str], found: Lines) -> int:
    """Read the directives at the top; return how many lines they take."""
    for number, row in enumerate(rows):
        match = _DIRECTIVE.fullmatch(row.strip(_SPACE))
        name = match[1].lower() if match else ""
        if match is None or name not in DIRECTIVES:
            return number
        if name in found.directives:
            raise InputError(f"the directive {name} stands twice", where=f"line {number + 1}")
        if name == "escape" and match[2] not in {"\\", "`"}:
            raise InputError(
                f"{match[2][:40]!r} cannot be the escape character",
                where=f"line {number + 1}",
                hint="it is \\ or `",
            )
        found.directives[name] = match[2]
    return len(rows)


class _Reader:
    """Reads the lines that follow the directives."""

    def __init__(self, rows: list[str], start: int, found: Lines) -> None:
        self._rows = rows
        self._at = start
        self._found = found
        self._continued = continuation(found.directives.get("escape", "\\"))

    def read(self) -> None:
        while self._at < len(self._rows):
            line = self._logical()
            if line is not None:
                self._found.lines.append(self._with_heredocs(line))

    def _logical(self) -> LogicalLine | None:
        """Read one line and those that continue it; comments and blank ones between are dropped."""
        parts: list[str] = []
        first = 0
        while self._at < len(self._rows):
            row = self._rows[self._at].removesuffix("\r")
            self._at += 1
            if self._is_comment(row) or not row.strip(_SPACE):
                if not parts:
                    return None
                continue
            first = first or self._at
            part, is_continued = self._cut(row if parts else row.lstrip(_SPACE))
            parts.append(part)
            if not is_continued:
                break
        text = "".join(parts).strip()
        return LogicalLine(text=text, line=first, end_line=self._at) if text else None

    def _is_comment(self, row: str) -> bool:
        is_comment = row.lstrip(_SPACE).startswith("#")
        if is_comment:
            text = row.lstrip(_SPACE)[1:].strip()
            self._found.comments.append(Comment(text=text, line=self._at, end_line=self._at))
        return is_comment

    def _cut(self, row: str) -> tuple[str, bool]:
        match = self._continued.search(row)
        return (row[: match.start()], True) if match else (row, False)

    def _with_heredocs(self, line: LogicalLine) -> LogicalLine:
        heredocs = tuple(self._read_heredoc(found, line) for found in heredocs_of(line.text))
        return replace(line, heredocs=heredocs, end_line=self._at) if heredocs else line

    def _read_heredoc(self, begun: Heredoc, line: LogicalLine) -> Heredoc:
        content: list[str] = []
        while self._at < len(self._rows):
            row = self._rows[self._at]
            self._at += 1
            bare = row.removesuffix("\r")
            if (bare.lstrip("\t") if begun.strips_tabs else bare) == begun.name:
                return replace(begun, content="".join(content))
            content.append(f"{row}\n")
        raise InputError(
            f"the heredoc {begun.name[:40]!r} does not end",
            where=f"line {line.line}",
            hint=f"a line with only {begun.name[:40]} ends it",
        )


def continuation(escape: str) -> re.Pattern[str]:
    """Make the pattern of a line's end that continues on the next; a doubled escape does not."""
    mark = re.escape(escape)
    return re.compile(rf"(?<!{mark}){mark}[ \t]*\Z")


def heredocs_of(text: str) -> tuple[Heredoc, ...]:
    """Find the heredocs that an instruction announces; their content is still empty."""
    match = _WITH_HEREDOCS.fullmatch(text)
    if match is None or "<<" not in text or match[2].lstrip().startswith("["):
        return ()
    try:
        words = expand_words(match[2], lambda _: None, _RAW)
    except ExpansionError:
        return ()
    return tuple(found for word in words if (found := heredoc_of(word)) is not None)


def heredoc_of(word: str) -> Heredoc | None:
    """Read a word such as ``<<-"EOF"``; None where it announces no heredoc."""
    match = _HEREDOC.fullmatch(word)
    if match is None:
        return None
    try:
        names = expand_words(match[2], lambda _: None, Reading(keeps_unset=True))
        raw = expand_words(match[2], lambda _: None, _RAW)
    except ExpansionError:
        return None
    if len(names) != 1 or not names[0]:
        return None
    return Heredoc(name=names[0], content="", expands=names == raw, strips_tabs=bool(match[1]))
