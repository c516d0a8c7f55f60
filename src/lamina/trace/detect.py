"""Which builds a text holds: the grammar of each is recognised, and several are told apart."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from lamina.trace.legacy import LegacyParser
from lamina.trace.lines import Line, clean
from lamina.trace.plain import PlainParser
from lamina.trace.rawjson import RawjsonParser
from lamina.trace.solve import Outcome, Solve
from lamina.trace.tty import TtyParser


class Parser(Protocol):
    """Reads one build; a parser is made for each."""

    grammar: str

    def recognises(self, text: str) -> bool:
        """Say whether a build of this grammar begins with such a line."""

    def begins_anew(self, text: str) -> bool:
        """Say whether the line is the first of another build than the one that is read."""

    def feed(self, line: Line) -> bool:
        """Read a line; say whether it belongs to the build."""

    def solve(self, now: float | None = None) -> Solve:
        """Say what is known by ``now``, or by the last line."""

    @property
    def is_over(self) -> bool:
        """Say whether the build has come to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A build in a text; ``digest`` is the sha256 of its own lines and of no others."""

    solve: Solve
    digest: str


_PARSERS: tuple[type[PlainParser | RawjsonParser | LegacyParser | TtyParser], ...] = (
    PlainParser,
    RawjsonParser,
    LegacyParser,
    TtyParser,
)


def read_builds(lines: Iterable[str]) -> Iterator[Found]:
    """Yield the builds of a log, a CI job's or any other text, in order; never raise."""
    reader = Reader()
    for line in lines:
        yield from reader.feed(line)
    yield from reader.close()


class Reader:
    """Reads a text of any grammar, line by line."""

    def __init__(self) -> None:
        self._parser: Parser | None = None
        self._hash = hashlib.sha256()
        self._previous = ""

    def feed(self, raw: str, at: float | None = None) -> Iterator[Found]:
        """Read a line, which arrived ``at`` that moment; yield a build that it shows to be over."""
        line = clean(raw, at)
        if self._is_other(line.text):
            yield from self.close()
            self._parser = self._recognised(line.text)
            if self._parser is not None and self._previous == "{":
                self._parser.feed(Line(text="{"))
        parser = self._parser
        if parser is not None and parser.feed(line):
            if isinstance(parser, RawjsonParser) and parser.next_build is not None:
                yield from self.close()
                self._parser = following = RawjsonParser()
                following.update(parser.next_build)
            self._hash.update(f"{line.text}\n".encode("utf-8", "replace"))
        self._previous = line.text

    def close(self) -> Iterator[Found]:
        """Yield the build that was being read, if it is one."""
        parser, self._parser = self._parser, None
        digest, self._hash = self._hash.hexdigest(), hashlib.sha256()
        solve = parser.solve() if parser is not None else None
        if solve is not None and _is_build(solve):
            yield Found(solve=solve, digest=digest)

    def current(self, now: float) -> Solve | None:
        """Say what is known of the build that is being read; ``now`` is since the epoch."""
        return None if self._parser is None else self._parser.solve(now)

    def _is_other(self, text: str) -> bool:
        """Say whether a line begins a build, the first or another one."""
        parser = self._parser
        if parser is None:
            return self._recognised(text) is not None
        if parser.begins_anew(text):
            return True
        if isinstance(parser, RawjsonParser) and parser.is_within:
            return False
        other = self._recognised(text)
        # What a RUN prints may look like anything: only a build that is over gives way.
        return other is not None and other.grammar != parser.grammar and parser.is_over

    def _recognised(self, text: str) -> Parser | None:
        if text.startswith(('  "', "  '")) and self._previous == "{":
            text = "{" + text.strip().replace('": [', '":[')
        return next((kind() for kind in _PARSERS if kind.recognises(text)), None)


def _is_build(solve: Solve) -> bool:
    """Say whether something was built or tried, and not only quoted or printed again."""
    is_heard_of = (v.outcome is not Outcome.UNKNOWN or v.log or v.transfers for v in solve.vertices)
    return any(is_heard_of)
