"""The progress of Docker's builder before BuildKit: numbered instructions, and no times."""

import re

from lamina.trace.draft import SolveDraft, VertexDraft
from lamina.trace.lines import Line
from lamina.trace.plain import named_line
from lamina.trace.sizes import parse_size
from lamina.trace.solve import Outcome, Solve, Transfer

_STEP = re.compile(r"Step (\d{1,6})/(\d{1,6}) : (.*)", re.DOTALL)
_CONTEXT = re.compile(r"Sending build context to Docker daemon +(\S+)")
_STAGE = re.compile(r"FROM .*\sAS\s+(\S+)", re.IGNORECASE)
_BUILT = re.compile(r"Successfully built (\S+)")
_TAGGED = re.compile(r"Successfully tagged (\S+)")
_RETURNED = re.compile(r"The command '.*' returned a non-zero code: \d+", re.DOTALL)
_FAILED = re.compile(r"(?:(?:COPY|ADD) failed: |pull access denied|manifest for ).*")
_REMARK = re.compile(r"\[Warning\] (.+)")
_ARROW = re.compile(r" ?---> (.*)")
_CONTEXT_NAME = "[internal] load build context"


class LegacyParser:
    """Reads the legacy builder's progress, line by line."""

    grammar = "legacy"

    def __init__(self) -> None:
        self._draft = SolveDraft(self.grammar)
        self._steps: list[tuple[str, int, int, str]] = []
        self._stage = -1
        self._stages: list[str] = []
        self._current: VertexDraft | None = None
        self._is_over = False

    @staticmethod
    def recognises(text: str) -> bool:
        """Say whether a build begins with such a line."""
        step = _STEP.fullmatch(text)
        return (step is not None and step[1] == "1") or _CONTEXT.match(text) is not None

    def begins_anew(self, text: str) -> bool:
        """Say whether the line is the first of another build than the one that is read."""
        return self.recognises(text) and bool(self._steps)

    def feed(self, line: Line) -> bool:
        """Read a line; say whether it belongs to the build."""
        if not self._is_over:
            self._draft.at(line.at)
        if step := _STEP.fullmatch(line.text):
            self._begin(step, line.at)
            return True
        if context := _CONTEXT.match(line.text):
            self._send(context[1], line.at)
            return True
        if self._is_over or not self._steps:
            return self._read_result(line)
        return self._read(line)

    @property
    def is_over(self) -> bool:
        """Say whether the build has come to its end."""
        return self._is_over

    def solve(self, now: float | None = None) -> Solve:
        """Say what is known by now, stages named as BuildKit names them."""
        for id_, number, total, text in self._steps:
            self._draft.vertices[id_].name = self._name(id_, number, total, text)
        return self._draft.solve(now)

    def _begin(self, step: re.Match[str], at: float | None) -> None:
        self._finish(at)
        text = " ".join(step[3].split())
        if text[:5].upper() == "FROM ":
            self._stage += 1
            found = _STAGE.fullmatch(text)
            self._stages.append(found[1] if found else "")
        id_ = f"{max(self._stage, 0)}:{step[1]}"
        if id_ not in self._draft.vertices:
            self._steps.append((id_, int(step[1]), int(step[2]), text))
        self._current = self._draft.vertex(id_, text)
        _start(self._current, at)

    def _name(self, id_: str, number: int, total: int, text: str) -> str:
        stage = int(id_.partition(":")[0])
        name = self._stages[stage] if stage < len(self._stages) else ""
        if not name and len(self._stages) > 1:
            name = f"stage-{stage}"
        return f"[{name} {number}/{total}] {text}" if name else f"[{number}/{total}] {text}"

    def _send(self, size: str, at: float | None) -> None:
        vertex = self._draft.vertex("context", _CONTEXT_NAME)
        _start(vertex, at)
        vertex.outcome = Outcome.DONE
        id_ = "Sending build context to Docker daemon"
        sent = Transfer(id=id_, current=parse_size(size) or 0, is_done=True)
        self._draft.move(vertex, sent)
        self._current = vertex

    def _read(self, line: Line) -> bool:
        vertex = self._current
        if self._read_result(line) or vertex is None:
            return True
        arrow = _ARROW.fullmatch(line.text)
        if arrow is None:
            if not line.text.startswith("Removing intermediate container "):
                vertex.write(line.text)
        elif arrow[1] == "Using cache":
            vertex.outcome = Outcome.CACHED
        elif not arrow[1].startswith("Running in ") and vertex.outcome is Outcome.UNKNOWN:
            vertex.outcome = Outcome.DONE
        return True

    def _read_result(self, line: Line) -> bool:
        text = line.text
        if built := _BUILT.fullmatch(text):
            self._end(line.at, config=built[1])
        elif tagged := _TAGGED.fullmatch(text):
            self._end(line.at, name=tagged[1])
        elif self._steps and (_RETURNED.fullmatch(text) or _FAILED.fullmatch(text)):
            self._fail(text, line.at)
        elif remark := _REMARK.fullmatch(text):
            self._draft.warn(remark[1], line=named_line(text))
        else:
            return False
        return True

    def _end(self, at: float | None, *, config: str = "", name: str = "") -> None:
        self._finish(at)
        self._is_over = True
        self._draft.note_image(config=config, name=name)

    def _fail(self, text: str, at: float | None) -> None:
        if self._current is not None and self._current.outcome is not Outcome.CACHED:
            self._current.outcome = Outcome.FAILED
            self._current.error = text
        self._draft.error = text
        self._finish(at)
        self._is_over = True

    def _finish(self, at: float | None) -> None:
        """End the step before; the builder says nothing when it does, only when the next begins."""
        vertex, self._current = self._current, None
        if vertex is None:
            return
        if vertex.outcome is Outcome.UNKNOWN:
            vertex.outcome = Outcome.DONE
        if vertex.outcome is Outcome.CACHED:
            vertex.seconds = 0.0
        if at is not None:
            vertex.spans = {begin: max(begin, at) for begin in vertex.spans}


def _start(vertex: VertexDraft, at: float | None) -> None:
    if at is not None and not vertex.spans:
        vertex.spans[at] = None
