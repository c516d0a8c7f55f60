"""BuildKit's display for terminals, out of a capture: each frame says again how all is."""

import re

from lamina.trace.draft import SolveDraft, VertexDraft
from lamina.trace.lines import Line
from lamina.trace.names import parse_name
from lamina.trace.sizes import parse_size
from lamina.trace.solve import Outcome, Solve, Transfer

_FRAME = re.compile(
    r"\[\+\] [Bb]uild(?:ing)?(?: (\d{1,7}\.\d)s)? ?\(?(\d{1,6})/(\d{1,6})\)?(?: (FINISHED))?.*"
)
_ROW = " => "
_PART = "=> "
_SECONDS = re.compile(r"(\d{1,7}\.\d)s")
_STATES = (
    ("CACHED ", Outcome.CACHED),
    ("ERROR ", Outcome.FAILED),
    ("CANCELED ", Outcome.CANCELLED),
)
_SIZES = re.compile(
    r"(?P<id>.+?)(?: (?P<current>\d[\d.]*[kKMGTP]?i?B)(?: / (?P<total>\d[\d.]*[kKMGTP]?i?B))?)?"
)
_LOG = re.compile(r"# ?(.*)")
_OUTPUT = re.compile(r" > (.+):")
_FAILED = re.compile(r"(?:ERROR|error): (.+)|(executor failed running .+)")
_SHORTEST_CUT = 20
_MOST_CUT = 1000
"""Beyond so many vertices, which no build has, names are taken as they are."""


class TtyParser:
    """Reads the frames of a terminal, line by line; names may have been cut to its width."""

    grammar = "tty"

    def __init__(self) -> None:
        self._draft = SolveDraft(self.grammar)
        self._current: VertexDraft | None = None
        self._failing: VertexDraft | None = None
        self._by_name: dict[str, VertexDraft] = {}
        self._is_finished = False

    @staticmethod
    def recognises(text: str) -> bool:
        """Say whether a build begins with such a line."""
        return _FRAME.fullmatch(text) is not None

    def begins_anew(self, text: str) -> bool:
        """Say whether the line is the first frame of another build: its clock went back."""
        frame = _FRAME.fullmatch(text)
        if frame is None or frame[1] is None:
            return False
        return float(frame[1]) < (self._draft.seconds or 0.0)

    def feed(self, line: Line) -> bool:
        """Read a line; say whether it belongs to the build."""
        if frame := _FRAME.fullmatch(line.text):
            self._frame(frame, line.at)
        elif line.text.startswith(_ROW):
            self._row(line.text.removeprefix(_ROW))
        else:
            return self._read_end(line.text)
        return True

    @property
    def is_over(self) -> bool:
        """Say whether the build has come to its end."""
        return self._is_finished or bool(self._draft.error)

    def solve(self, now: float | None = None) -> Solve:
        """Say what is known by now; in a finished build every row without a mark is done."""
        for vertex in self._draft.vertices.values():
            if self._is_finished and not vertex.is_finished:
                vertex.outcome = Outcome.DONE
        return self._draft.solve(now)

    def _frame(self, frame: re.Match[str], at: float | None) -> None:
        seconds = float(frame[1]) if frame[1] else None
        if seconds is not None:
            self._draft.seconds = max(seconds, self._draft.seconds or 0.0)
            if at is not None and self._draft.started is None:
                self._draft.started = at - seconds
        self._is_finished = frame[4] is not None
        self._current = None

    def _row(self, row: str) -> None:
        text, seconds = _timed(row.removeprefix(_PART))
        if row.startswith(_PART):
            self._part(text, seconds)
            return
        outcome = Outcome.UNKNOWN
        for mark, marked in _STATES:
            if text.startswith(mark):
                outcome, text = marked, text.removeprefix(mark)
        if text.startswith("WARN: "):
            self._draft.warn(text.removeprefix("WARN: "))
        elif text:
            self._current = self._vertex(text)
            self._current.seconds = seconds
            self._current.outcome = outcome

    def _part(self, text: str, seconds: float | None) -> None:
        vertex = self._current
        if vertex is None:
            return
        if log := _LOG.fullmatch(text):
            if not vertex.log or vertex.log[-1] != log[1]:
                vertex.write(log[1].rstrip())
        elif text.startswith("WARN: "):
            self._draft.warn(text.removeprefix("WARN: "))
        elif sizes := _SIZES.fullmatch(text):
            self._draft.move(
                vertex,
                Transfer(
                    id=sizes["id"],
                    current=parse_size(sizes["current"] or "") or 0,
                    total=parse_size(sizes["total"] or ""),
                    seconds=seconds,
                    is_done=self._is_finished,
                ),
            )

    def _vertex(self, name: str) -> VertexDraft:
        """Find a vertex by its name, which one frame may cut shorter than another."""
        found = self._by_name.get(name)
        known = self._draft.vertices.values()
        if found is None and len(known) <= _MOST_CUT:
            found = next((v for v in known if _is_same(v.name, name)), None)
        if found is None:
            found = self._draft.vertex(f"{len(self._draft.vertices)}", name)
        found.name = max(found.name, name, key=len)
        self._by_name[name] = found
        return found

    def _read_end(self, text: str) -> bool:
        """Read what follows the last frame: the failing step's output, and the error."""
        if text.startswith("------"):
            self._failing = None
        elif output := _OUTPUT.fullmatch(text):
            self._failing = self._vertex(output[1])
        elif self._failing is not None:
            self._failing.write(text)
        elif (failed := _FAILED.fullmatch(text)) and not self._draft.error:
            self._draft.error = failed[1] or failed[2]
            for vertex in self._draft.vertices.values():
                if vertex.outcome is Outcome.FAILED:
                    vertex.error = self._draft.error.removeprefix("failed to solve: ")
        else:
            return False
        return True


def _timed(row: str) -> tuple[str, float | None]:
    """Take the time off the end of a row.

    Not by one pattern: a row of spaces, which commands print, has every beginning of its end.
    """
    bare = row.rstrip()
    text, space, last = bare.rpartition(" ")
    found = _SECONDS.fullmatch(last) if space else None
    return (text.rstrip(" "), float(found[1])) if found else (bare, None)


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    is_cut = len(shorter) >= _SHORTEST_CUT and longer.startswith(shorter)
    return is_cut and ("..." not in shorter or parse_name(longer).index > 0)
