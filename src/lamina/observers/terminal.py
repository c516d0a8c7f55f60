"""Observer for terminals: what runs now, with bars, above it what was done."""

from collections.abc import Callable
from typing import Any, TextIO, cast

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from lamina.events import (
    BlobTransferred,
    Event,
    ImageBuilt,
    ImagePublished,
    LayerBuilt,
    PlanDecided,
    StepFinished,
    StepLogged,
    StepProgressed,
    StepStarted,
    StepWarned,
    Transfer,
    WheelFetched,
)
from lamina.observers.printable import indented, printable
from lamina.sizes import bytes_text


class LiveTerminal:
    """Shows running steps with their progress; call :meth:`close` before printing anything else."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=cast("TextIO", _Sink(stream)))
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._totals = {"built": 0, "cached": 0}
        self._fetched = 0
        self._moved = dict.fromkeys(Transfer, 0)
        self._progress.start()

    def close(self) -> None:
        """Stop drawing and sum up."""
        self._progress.stop()
        built, cached = self._totals["built"], self._totals["cached"]
        if built or cached:
            self._console.print(
                f"[bold]{built}[/] layers built, [bold]{cached}[/] from the store, "
                f"{bytes_text(self._fetched)} downloaded"
            )
        if any(self._moved.values()):
            words = (f"{bytes_text(size)} {how}" for how, size in self._moved.items())
            self._console.print(f"pushed: {', '.join(words)}")

    def __call__(self, event: Event) -> None:  # noqa: C901 - one case for each event
        """Draw the event."""
        match event:
            case StepStarted():
                self._begin(event)
            case StepProgressed():
                task = self._tasks.get(event.step)
                if task is not None:
                    self._progress.update(task, completed=event.current, total=event.total)
            case StepFinished():
                self._finish(event)
            case StepLogged():
                self._print(event.line, "dim")
            case StepWarned():
                self._print(f"warning: {event.text}", "yellow")
            case PlanDecided():
                line = f"{event.platform}: {event.wheels} wheels in {event.layers} layers"
                self._print(line, "bold")
            case WheelFetched():
                self._fetched += event.size
            case LayerBuilt():
                self._show_layer(event)
            case BlobTransferred():
                self._moved[event.transfer] += event.size
            case ImageBuilt():
                pass
            case ImagePublished():
                self._print(f"{event.destination}  {event.digest}", "bold green")

    def _begin(self, event: StepStarted) -> None:
        if name := printable(event.name)[:60]:  # the step that holds all others has none
            self._tasks[event.step] = self._progress.add_task(name, total=None)

    def _finish(self, event: StepFinished) -> None:
        task = self._tasks.pop(event.step, None)
        if task is not None:
            self._progress.remove_task(task)

    def _show_layer(self, event: LayerBuilt) -> None:
        self._totals["cached" if event.cached else "built"] += 1
        mark = "[green]=[/]" if event.cached else "[cyan]+[/]"
        size = bytes_text(event.size)
        name = escape(printable(event.name.removeprefix("lamina: ")))
        self._progress.console.print(
            f"{mark} {size:>9}  {name}", no_wrap=True, overflow="ellipsis", highlight=False
        )

    def _print(self, line: str, style: str) -> None:
        self._progress.console.print(indented(line), style=style, markup=False, highlight=False)


class _Sink:
    """A stream that goes quiet when it breaks.

    Rich draws from a thread of its own, and ends the whole program when its reader has gone.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_broken = False

    def write(self, text: str) -> int:
        self._attempt(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._attempt(self._stream.flush)

    def _attempt(self, action: Callable[[], object]) -> None:
        if self._is_broken:
            return
        try:
            action()
        except Exception:  # noqa: BLE001 - an observer never fails a build
            self._is_broken = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)
