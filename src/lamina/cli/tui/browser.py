"""The browser: an image's layers beside the files in them, narrowed while one types."""

from dataclasses import replace
from typing import ClassVar, Final

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widgets import Footer, Input, Static

from lamina.cli.tui.lines import (
    FILE_HEADING,
    LAYER_HEADING,
    file_details,
    file_line,
    layer_details,
    layer_line,
)
from lamina.cli.tui.row_list import RowList
from lamina.reports.browse import WASTE, Contents, FileRow, Mark, Order, Question
from lamina.reports.figures import counted, plain
from lamina.sizes import bytes_text

_WIDE: Final = 110
"""Cells from which on layers and files stand side by side."""
_TALL: Final = 20
"""Lines from which there is place for frames and details."""
_MARKS: Final = (frozenset[Mark](), WASTE, *(frozenset({m}) for m in Mark if m in WASTE))
"""What the key for waste goes through."""


class Browser(App[None]):
    """Shows what ``contents`` say of the image ``name``; nothing here changes anything."""

    TITLE = "lamina layers"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #title, #details { padding: 0 1; background: $panel; }
    #title, #details, .heading { text-wrap: nowrap; text-overflow: ellipsis; }
    #title, #filter, .heading { height: 1; }
    #filter { border: none; padding: 0 1; }
    #details { height: 3; }
    .heading { color: $text-muted; }
    .pane { border: round $panel-lighten-2; border-title-color: $text-muted; }
    .pane:focus-within { border: round $accent; border-title-color: $text-accent; }
    .-wide #panes { layout: horizontal; }
    .-wide #layer-pane { width: 4fr; }
    .-wide #file-pane { width: 5fr; }
    .-narrow #panes { layout: vertical; }
    .-narrow #layer-pane { height: 2fr; }
    .-narrow #file-pane { height: 3fr; }
    .-short .pane, .-short .pane:focus-within { border: none; }
    .-short #details { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "layers", "Layers"),
        Binding("right", "files", "Files"),
        Binding("slash", "filter", "Filter"),
        Binding("w", "waste", "Waste"),
        Binding("s", "sort", "Sort"),
        Binding("escape", "clear", "Clear"),
        Binding("q", "quit", "Quit"),
        Binding("down", "files", show=False),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(self, name: str, contents: Contents) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (_TALL, "-tall")]
        self._image = name
        self._contents = contents
        self._question = Question()
        self._files: tuple[FileRow, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        yield Static(id="title", markup=False)
        yield Input(placeholder="words of a path, package, kind or waste", id="filter")
        with Container(id="panes"):
            with Vertical(id="layer-pane", classes="pane"):
                yield Static(LAYER_HEADING, classes="heading", markup=False)
                yield RowList(id="layers")
            with Vertical(id="file-pane", classes="pane"):
                yield Static(FILE_HEADING, classes="heading", markup=False)
                yield RowList(id="files")
        yield Static(id="details", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show all files of all layers."""
        everything, *layers = self._contents.layers
        self.query_one("#title", Static).update(
            f"{plain(self._image)}  {counted(len(layers), 'layer')}, "
            f"{bytes_text(everything.packed)} packed, {bytes_text(everything.unpacked)} unpacked, "
            f"{bytes_text(everything.dead)} dead, {bytes_text(everything.duplicate)} duplicate, "
            f"{bytes_text(everything.junk)} junk"
        )
        rows = self._contents.layers
        self._layer_list.show(len(rows), lambda index, width: layer_line(rows[index], width))
        self._layer_list.focus()

    @property
    def _layer_list(self) -> RowList:
        return self.query_one("#layers", RowList)

    @property
    def _file_list(self) -> RowList:
        return self.query_one("#files", RowList)

    @on(RowList.Moved, "#layers")
    def _layer_chosen(self) -> None:
        row = self._contents.layers[self._layer_list.cursor]
        self._ask(replace(self._question, layer=row.number))

    @on(RowList.Moved, "#files")
    def _file_chosen(self) -> None:
        self._tell()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._ask(replace(self._question, words=event.value))

    def action_layers(self) -> None:
        """Give the keyboard to the layers."""
        self._layer_list.focus()

    @on(Input.Submitted)
    def action_files(self) -> None:
        """Give the keyboard to the files, from the words to what they found too."""
        self._file_list.focus()

    def action_filter(self) -> None:
        """Let words be typed."""
        self.query_one(Input).focus()

    def action_waste(self) -> None:
        """Go on to the next kind of waste."""
        following = _MARKS[(_MARKS.index(self._question.marks) + 1) % len(_MARKS)]
        self._ask(replace(self._question, marks=following))

    def action_sort(self) -> None:
        """Sort the other way."""
        other = Order.PATH if self._question.order is Order.SIZE else Order.SIZE
        self._ask(replace(self._question, order=other))

    def action_clear(self) -> None:
        """Ask for everything again, in the chosen layer."""
        self.query_one(Input).value = ""
        self._ask(Question(layer=self._question.layer, order=self._question.order))
        self._file_list.focus()

    def on_descendant_focus(self) -> None:
        """Say more of what is chosen in the part that has the keyboard."""
        self._tell()

    def _ask(self, question: Question) -> None:
        self._question = question
        self._files = files = self._contents.ask(question)
        self._file_list.show(len(files), lambda index, width: file_line(files[index], width))
        waste = " or ".join(mark for mark in Mark if mark in question.marks)
        found = f"{counted(len(files), 'file')}, {bytes_text(sum(row.size for row in files))}"
        pane = self.query_one("#file-pane")
        pane.border_title = ", ".join(text for text in (found, waste) if text)
        pane.border_subtitle = f"by {question.order}"

    def _tell(self) -> None:
        is_file = self._file_list.has_focus and self._files
        details = (
            file_details(self._files[self._file_list.cursor])
            if is_file
            else layer_details(self._contents.layers[self._layer_list.cursor])
        )
        self.query_one("#details", Static).update("\n".join(details))
