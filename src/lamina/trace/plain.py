"""The plain progress of BuildKit: that of Docker 20.10 and that of today are one grammar.

20.10 prints a vertex's digest below each of its headers, knows no warnings, and may print a
finished block twice.  Numbers belong to one build and say nothing of the order of execution.
"""

import re

from lamina.trace.draft import SolveDraft, VertexDraft
from lamina.trace.lines import Line
from lamina.trace.names import Phase, parse_name
from lamina.trace.sizes import parse_size
from lamina.trace.solve import Outcome, Solve, Transfer

_NUMBERED = re.compile(r"#(\d{1,9}) (.*)", re.DOTALL)
_BEGIN = re.compile(
    r"#\d{1,9} (?:\[[^\]]{1,200}\]|building with |importing cache|exporting (?:to|cache) "
    r"|resolve image config|docker-image://)"
)
_NEW_BUILD = re.compile(r"building with (.+)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DONE = re.compile(r"DONE(?: (\d{1,7}(?:\.\d{1,3})?)s)?")
_LOG = re.compile(r"(\d{1,7}\.\d{1,3})(?: (.*))?", re.DOTALL)
_STATUS = re.compile(
    r"(?P<id>.+?)"
    r"(?: (?P<current>\d[\d.]*[kKMGTP]?i?B)(?: / (?P<total>\d[\d.]*[kKMGTP]?i?B))?)?"
    r"(?: (?P<seconds>\d{1,7}(?:\.\d{1,3})?)s)?"
    r"(?P<done> done)?"
)
_FAILED = re.compile(r"(?:ERROR|error): failed to (?:solve|build).*|executor failed running .*")
_WORDS = ("...", "CACHED", "CANCELED", "DONE", "ERROR: ", "WARN: ")


class PlainParser:
    """Reads plain progress, line by line."""

    grammar = "plain"

    def __init__(self) -> None:
        self._draft = SolveDraft(self.grammar)
        self._is_after_header = False
        self._offsets: dict[str, float] = {}

    @staticmethod
    def recognises(text: str) -> bool:
        """Say whether a build begins with such a line."""
        return _BEGIN.match(text) is not None

    def begins_anew(self, text: str) -> bool:
        """Say whether the line is the first of another build than the one that is read."""
        match = _NUMBERED.fullmatch(text)
        if match is None:
            return False
        number, rest = match[1], match[2]
        if number == "0" and _NEW_BUILD.fullmatch(rest):
            return bool(self._draft.vertices)
        known = self._draft.vertices.get(number)
        if known is None:
            return False
        if rest == known.name:
            # Any block may be printed again while the build goes on; its first ones never late.
            is_first = parse_name(rest).phase is Phase.FRONTEND and self._draft.is_over
            return known.is_finished and (is_first or self._draft.is_finished)
        return known.is_finished and self.recognises(text)

    def feed(self, line: Line) -> bool:
        """Read a line; say whether it belongs to the build."""
        match = _NUMBERED.fullmatch(line.text)
        if match is None:
            self._is_after_header = False
            return self._read_end(line.text)
        number, rest = match[1], match[2].rstrip()
        self._draft.at(line.at)
        if number == "0":
            return True
        vertex = self._draft.vertices.get(number)
        if vertex is None:
            return self._open(number, rest, line.at)
        if rest == vertex.name:
            self._is_after_header = True
            return True
        self._read(number, vertex, rest, line.at)
        self._is_after_header = False
        return True

    @property
    def is_over(self) -> bool:
        """Say whether the build may have come to its end."""
        return self._draft.is_over

    def solve(self, now: float | None = None) -> Solve:
        """Say what is known by ``now``, or by the last line."""
        return self._draft.solve(now)

    def _open(self, number: str, name: str, at: float | None) -> bool:
        """Begin a vertex; the middle of one whose header was cut off is no header."""
        if _LOG.fullmatch(name) or name.startswith(_WORDS) or _DIGEST.match(name) or not name:
            return False
        vertex = self._draft.vertex(number, name)
        if at is not None:
            vertex.spans[at] = None
        self._is_after_header = True
        return True

    def _read(self, number: str, vertex: VertexDraft, rest: str, at: float | None) -> None:
        if self._is_after_header and _DIGEST.fullmatch(rest):
            vertex.digest = rest
        elif log := _LOG.fullmatch(rest):
            self._offsets[number] = float(log[1])
            vertex.write(log[2] or "")
        elif rest.startswith("WARN: "):
            self._draft.warn(rest.removeprefix("WARN: "), line=named_line(rest))
        elif rest != "..." and not self._end(number, vertex, rest, at):
            self._move(vertex, rest)

    def _end(self, number: str, vertex: VertexDraft, rest: str, at: float | None) -> bool:
        """Read how a vertex ended, if the line says so."""
        if done := _DONE.fullmatch(rest):
            seconds = float(done[1]) if done[1] else 0.0
            # A block that is printed twice is one; a vertex that worked twice, the longer time.
            _close(vertex, Outcome.DONE, max(seconds, vertex.seconds or 0.0), at)
        elif rest == "CACHED":
            _close(vertex, Outcome.CACHED, 0.0, at)
        elif rest == "CANCELED":
            _close(vertex, Outcome.CANCELLED, self._offsets.get(number), at)
        elif rest.startswith("ERROR: "):
            vertex.error = rest.removeprefix("ERROR: ")
            is_cancelled = vertex.error.endswith("context canceled")
            outcome = Outcome.CANCELLED if is_cancelled else Outcome.FAILED
            _close(vertex, outcome, self._offsets.get(number), at)
        else:
            return False
        return True

    def _move(self, vertex: VertexDraft, rest: str) -> None:
        status = _STATUS.fullmatch(rest)
        if status is not None:
            self._draft.move(
                vertex,
                Transfer(
                    id=status["id"],
                    current=parse_size(status["current"] or "") or 0,
                    total=parse_size(status["total"] or ""),
                    seconds=float(status["seconds"]) if status["seconds"] else None,
                    is_done=bool(status["done"]),
                ),
            )

    def _read_end(self, text: str) -> bool:
        if not self._draft.error and _FAILED.fullmatch(text):
            self._draft.error = text.partition(": ")[2] if text[:5].lower() == "error" else text
            return True
        return False


def named_line(text: str) -> int:
    """Return the line of the Dockerfile that a warning names at its end, 0 if none."""
    match = re.search(r"\(line (\d{1,9})\)$", text)
    return int(match[1]) if match else 0


def _close(vertex: VertexDraft, outcome: Outcome, seconds: float | None, at: float | None) -> None:
    vertex.outcome = outcome
    vertex.seconds = seconds
    if at is not None:
        first = min(vertex.spans, default=at)
        begin = min(at - seconds if seconds is not None else first, at)
        vertex.spans = {begin: at}
