"""Observer ``plain``: one line for each thing that is done, for logs and pipes."""

from typing import TextIO

from lamina.events import (
    BlobTransferred,
    Event,
    ImageBuilt,
    ImagePublished,
    LayerBuilt,
    Outcome,
    PlanDecided,
    StepFinished,
    StepLogged,
    StepProgressed,
    StepStarted,
    StepWarned,
    WheelFetched,
)
from lamina.observers.printable import indented
from lamina.sizes import bytes_text


class PlainLines:
    """Writes a line when a step ends, a warning comes, or a layer or wheel is there."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._error = ""
        self._started: dict[str, tuple[str, float]] = {}

    def __call__(self, event: Event) -> None:
        """Write the event's line, if it has one."""
        line = self._line(event)
        if line:
            self._stream.write(indented(line) + "\n")
            self._stream.flush()

    def _line(self, event: Event) -> str:  # noqa: C901, PLR0911 - one case for each event
        match event:
            case StepStarted():
                self._started[event.step] = (event.name, event.time)
                return ""
            case StepFinished():
                return self._finished(event)
            case StepLogged():
                return f"  {event.line}"
            case StepWarned():
                return f"warning: {event.text}"
            case PlanDecided():
                return f"plan {event.platform}: {event.wheels} wheels in {event.layers} layers"
            case WheelFetched():
                return f"fetched {event.name} {bytes_text(event.size)}" if event.size else ""
            case LayerBuilt():
                done = "cached" if event.cached else "built"
                size = bytes_text(event.size)
                return f"{done} layer {event.digest.short} {size} {_short(event.name)}"
            case BlobTransferred():
                size = bytes_text(event.size)
                return f"{event.transfer} {event.digest.short} {size}"
            case ImagePublished():
                return f"wrote {event.destination} {event.digest}"
            case StepProgressed() | ImageBuilt():
                return ""

    def _finished(self, event: StepFinished) -> str:
        name, started = self._started.pop(event.step, ("", event.time))
        if event.outcome is Outcome.FAILED:
            # Every step around it fails of the same: the innermost says enough.
            if event.error == self._error:
                return ""
            self._error = event.error
            return f"failed {name}" if name else ""  # the command itself has no name
        is_small = name.startswith(("fetch ", "layer ", "write", "push ", "pull "))
        if event.outcome is not Outcome.DONE or is_small or not name:
            return ""
        return f"done {name} {event.time - started:.1f} s"


def _short(text: str, width: int = 90) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
