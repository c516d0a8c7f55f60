"""The display of a build on a terminal, in BuildKit's form: a frame of rows, drawn again."""

from collections.abc import Iterator

from lamina.trace.sizes import format_size
from lamina.trace.solve import Outcome, Solve, Transfer, Vertex

_MARKS = {
    Outcome.CACHED: "CACHED ",
    Outcome.FAILED: "ERROR ",
    Outcome.CANCELLED: "CANCELED ",
}
_COLOURS = {Outcome.UNKNOWN: "", Outcome.FAILED: "31", Outcome.CANCELLED: "33"}
_DONE_COLOUR = "34"
_LOG_ROWS = 6
_NARROWEST = 20


def frame(solve: Solve, *, seconds: float, width: int, is_last: bool) -> list[str]:
    """Return the rows that show a build, without colours and none longer than ``width``."""
    return [text for text, _ in _frame(solve, seconds, max(width, _NARROWEST), is_last=is_last)]


def draw(solve: Solve, *, seconds: float, width: int, height: int, is_last: bool) -> str:
    """Return a coloured frame, its rows ended; but for the last, not higher than the terminal."""
    rows = list(_frame(solve, seconds, max(width, _NARROWEST), is_last=is_last))
    if not is_last and len(rows) > height - 1:
        rows = [rows[0], *rows[len(rows) - max(height - 2, 1) :]]
    return "".join(
        f"\x1b[{colour}m{text}\x1b[0m\n" if colour else f"{text}\n" for text, colour in rows
    )


def erase(rows: int) -> str:
    """Return what takes the last ``rows`` rows away and leaves the cursor in their place."""
    return f"\x1b[{rows}A\x1b[J" if rows else ""


def _frame(solve: Solve, seconds: float, width: int, *, is_last: bool) -> Iterator[tuple[str, str]]:
    done = sum(vertex.outcome is not Outcome.UNKNOWN for vertex in solve.vertices)
    is_finished = is_last and done == len(solve.vertices) > 0
    head = f"[+] Building {seconds:.1f}s ({done}/{len(solve.vertices)})"
    yield f"{head} FINISHED" if is_finished else head, ""
    for vertex in solve.vertices:
        colour = _COLOURS.get(vertex.outcome, _DONE_COLOUR)
        name = f"{_MARKS.get(vertex.outcome, '')}{vertex.name}"
        yield _row(f" => {name}", vertex.seconds or 0.0, width), colour
        for transfer in vertex.transfers:
            yield _row(f" => => {_moved(transfer)}", transfer.seconds or 0.0, width), colour
        yield from ((text, "2") for text in _log(vertex, width))


def _row(text: str, seconds: float, width: int) -> str:
    timer = f"{seconds:.1f}s"
    left = width - len(timer) - 2
    text = _printable(text)
    return f"{text[:left]:<{left}} {timer}"


def _moved(transfer: Transfer) -> str:
    if transfer.total:
        return f"{transfer.id} {format_size(transfer.current)} / {format_size(transfer.total)}"
    return f"{transfer.id} {format_size(transfer.current)}" if transfer.current else transfer.id


def _log(vertex: Vertex, width: int) -> list[str]:
    if vertex.outcome is not Outcome.UNKNOWN:
        return []
    return [_printable(f" => => # {line}")[: width - 1] for line in vertex.log[-_LOG_ROWS:]]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
