"""Row list: lines of which only those in sight are made, so that a million costs as much as ten."""

from collections.abc import Callable
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lamina.cli.tui.lines import Line

Writer = Callable[[int, int], Line]
"""Writes the row of an index into a width in cells."""

_PREFIX: Final = "row-list--"


class RowList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"{_PREFIX}{name}" for name in ("cursor", "dead", "duplicate", "junk")
    }
    DEFAULT_CSS = """
    RowList {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .row-list--cursor { background: $block-cursor-blurred-background; }
        &:focus > .row-list--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
        }
        & > .row-list--dead { color: $text-error; }
        & > .row-list--duplicate { color: $text-warning; }
        & > .row-list--junk { color: $text-accent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "go(0)", "First", show=False),
        Binding("end", "go(-1)", "Last", show=False),
    ]

    cursor: var[int] = var(0, always_update=True)

    class Moved(Message):
        """The cursor is on another row, or the row is another one."""

        def __init__(self, list_: "RowList") -> None:
            super().__init__()
            self.list = list_

        @property
        def control(self) -> "RowList":
            """Return the list, by which handlers choose."""
            return self.list

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.count = 0
        self._write: Writer = lambda _index, _width: ()

    def show(self, count: int, write: Writer) -> None:
        """List other rows, from the first one."""
        self.count, self._write = count, write
        self.virtual_size = Size(1, count)
        self.scroll_to(y=0, animate=False, force=True)
        self.cursor = 0

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(cursor, self.count - 1))

    def watch_cursor(self) -> None:
        """Follow the cursor, and tell who listens."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved(self))

    def action_move(self, rows: int) -> None:
        """Move by rows."""
        self.cursor += rows

    def action_page(self, pages: int) -> None:
        """Move by what is in sight."""
        self.cursor += pages * max(1, self.size.height - 1)

    def action_go(self, index: int) -> None:
        """Move to a row, counted from the end where negative."""
        self.cursor = index if index >= 0 else self.count + index

    def on_click(self, event: Click) -> None:
        """Move to the row below the pointer."""
        self.cursor = event.y + self.scroll_offset.y

    def on_resize(self, _event: Resize) -> None:
        """Keep the cursor in sight."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        """Make one line in sight."""
        index, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if index >= self.count:
            return Strip.blank(width, self.rich_style)
        is_here = index == self.cursor
        base = self.get_component_rich_style(f"{_PREFIX}cursor") if is_here else self.rich_style
        segments = [
            Segment(text, base if is_here or not name else base + self._style(name))
            for text, name in self._write(index, width)
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"{_PREFIX}{name}", partial=True)
