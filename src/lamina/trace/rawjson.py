"""BuildKit's rawjson progress: SolveStatus objects, on a line each or, by buildx 0.13, on many."""

import json
import re
from collections.abc import Iterator

from lamina.trace.draft import SolveDraft, VertexDraft
from lamina.trace.lines import Line
from lamina.trace.solve import Outcome, Solve, Transfer
from lamina.trace.status import (
    KEYS,
    LogUpdate,
    SolveStatus,
    StatusUpdate,
    VertexUpdate,
    decode_status,
    is_status,
)

_BEGIN = re.compile(rf'\{{(?:"(?:{"|".join(KEYS)})":|$)')
_MOST_LINES = 100_000
_MOST_BYTES = 16_000_000
_FAILED = re.compile(r"(?:ERROR|error): (?:failed to (?:solve|build).*|.+)")


class StatusReader:
    """Collects the lines of each JSON object; other lines are none of its."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0

    @property
    def is_within(self) -> bool:
        """Say whether an object has begun and not ended."""
        return bool(self._lines)

    def feed(self, text: str) -> SolveStatus | None:
        """Read a line; return the object that it completes."""
        if _BEGIN.match(text):
            self.give_up()  # what is within an object is indented, or on the same line
        elif not self._lines:
            return None
        self._lines.append(text)
        self._size += len(text)
        # An object over many lines is indented, so its end is the one brace that is not.
        is_end = text == "}" or (len(self._lines) == 1 and text.endswith("}"))
        is_hopeless = len(self._lines) > _MOST_LINES or self._size > _MOST_BYTES
        if not is_end and not is_hopeless:
            return None
        return self._take()

    def give_up(self) -> list[str]:
        """Forget an object that does not end; return its lines."""
        lines, self._lines, self._size = self._lines, [], 0
        return lines

    def _take(self) -> SolveStatus | None:
        text = "\n".join(self.give_up())
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return decode_status(document) if is_status(document) else None


class RawjsonParser:
    """Reads rawjson progress, line by line."""

    grammar = "rawjson"

    def __init__(self) -> None:
        self._draft = SolveDraft(self.grammar)
        self._reader = StatusReader()
        self._partial: dict[str, bytes] = {}
        self._group_of: dict[str, str] = {}
        self._cached: dict[str, dict[str, bool]] = {}
        self.next_build: SolveStatus | None = None
        """The first object of the build after this one, which :meth:`feed` came upon."""

    @staticmethod
    def recognises(text: str) -> bool:
        """Say whether a build begins with such a line."""
        return _BEGIN.match(text) is not None and text != "{"

    def begins_anew(self, text: str) -> bool:  # noqa: ARG002 - as the other parsers
        """Say no: only a whole object can tell; see :attr:`next_build`."""
        return False

    def feed(self, line: Line) -> bool:
        """Read a line; say whether it belongs to the build."""
        was_within = self._reader.is_within
        status = self._reader.feed(line.text)
        if status is not None:
            if self._is_new_build(status):
                self.next_build = status
            else:
                self.update(status)
            return True
        if was_within or self._reader.is_within:
            return True
        if self._draft.vertices and not self._draft.error and _FAILED.fullmatch(line.text):
            self._draft.error = line.text.partition(": ")[2]
            return True
        return False

    def update(self, status: SolveStatus) -> None:
        """Take in what changed."""
        for vertex in status.vertices:
            self._vertex(vertex)
        for part in status.statuses:
            self._status(part)
        for log in status.logs:
            self._log(log)
        for warning in status.warnings:
            self._draft.warn(warning.text, url=warning.url, line=warning.line)

    @property
    def is_within(self) -> bool:
        """Say whether a JSON object has begun and not ended."""
        return self._reader.is_within

    @property
    def is_over(self) -> bool:
        """Say whether the build may have come to its end."""
        return self._draft.is_over

    def solve(self, now: float | None = None) -> Solve:
        """Say what is known by ``now``, or by the last line."""
        return self._draft.solve(now)

    def _is_new_build(self, status: SolveStatus) -> bool:
        """Say whether the definition of a build that is over is loaded again, of another digest."""
        if not self._draft.is_over:
            return False
        known = {_definition(v.name) for v in self._draft.vertices.values()} - {""}
        return any(
            _definition(update.name) in known
            and (update.group or update.digest) not in self._draft.vertices
            for update in status.vertices
        )

    def _vertex(self, update: VertexUpdate) -> None:
        """Take in a vertex; one that was only announced may never begin, and is left out."""
        id_ = update.group or update.digest
        self._group_of[update.digest] = id_
        if update.started is None:
            return
        vertex = self._draft.vertex(id_, update.name)
        vertex.digest = vertex.digest or update.digest
        vertex.name = update.name or vertex.name
        vertex.inputs = tuple(dict.fromkeys((*vertex.inputs, *update.inputs)))
        vertex.spans[update.started] = update.completed
        vertex.error = update.error or vertex.error
        members = self._cached.setdefault(id_, {})
        members[update.digest] = update.is_cached
        vertex.outcome = _outcome(vertex, is_cached=all(members.values()))
        if vertex.is_finished and (rest := self._partial.pop(update.digest, b"")):
            vertex.write(rest.decode("utf-8", "replace"))

    def _status(self, update: StatusUpdate) -> None:
        vertex = self._find(update.vertex)
        self._draft.at(update.timestamp)
        if vertex is None:
            return
        end = update.completed if update.completed is not None else update.timestamp
        seconds = None
        if update.started is not None and end is not None:
            seconds = max(0.0, end - update.started)
        self._draft.move(
            vertex,
            Transfer(
                id=update.id,
                current=update.current,
                total=update.total or None,
                started=update.started,
                seconds=seconds,
                is_done=update.completed is not None,
            ),
        )

    def _log(self, update: LogUpdate) -> None:
        vertex = self._find(update.vertex)
        self._draft.at(update.timestamp)
        if vertex is None:
            return
        for line in self._whole_lines(update):
            vertex.write(line.decode("utf-8", "replace"))

    def _whole_lines(self, update: LogUpdate) -> Iterator[bytes]:
        """Yield the lines that are complete; keep the rest, but not without bound."""
        *lines, rest = (self._partial.pop(update.vertex, b"") + update.data).split(b"\n")
        yield from lines
        if rest:
            self._partial[update.vertex] = rest[-4096:]

    def _find(self, digest: str) -> VertexDraft | None:
        return self._draft.vertices.get(self._group_of.get(digest, ""))


def _definition(name: str) -> str:
    """Return the name of a definition without that of its file; empty for other vertices."""
    start, _, _ = name.partition(" from ")
    return start if start.endswith("internal] load build definition") else ""


def _outcome(vertex: VertexDraft, *, is_cached: bool) -> Outcome:
    if any(end is None for end in vertex.spans.values()):
        return Outcome.UNKNOWN
    if vertex.error:
        is_cancelled = vertex.error.endswith("context canceled")
        return Outcome.CANCELLED if is_cancelled else Outcome.FAILED
    return Outcome.CACHED if is_cached else Outcome.DONE
