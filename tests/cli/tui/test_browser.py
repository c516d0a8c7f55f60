"""The browser shows what the anatomy says, and follows the keys."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input

from lamina.anatomy.anatomy import Anatomy
from lamina.cli.tui import browser as module
from lamina.cli.tui.browser import Browser
from lamina.cli.tui.lines import Line, file_line
from lamina.cli.tui.row_list import RowList
from lamina.reports.browse import FileRow, contents_of
from tests.anatomy.test_owners import SITE, distribution
from tests.anatomy.test_truth import apart
from tests.support.synthetic import filled, gone

pytestmark = pytest.mark.slow

ANATOMY = apart(
    (filled("app/old", 5_000_000), filled("root/.cache/pip/x", 7000)),
    distribution("foo-1", filled(f"{SITE}/foo/a.py", 9000), filled(f"{SITE}/foo/b.so", 90_000)),
    (gone("app/old"), filled("app/copy", 9000, seed=f"{SITE}/foo/a.py")),
)
WIDE, NARROW = (160, 34), (60, 24)
_FILE = re.compile(r"\d [kMG]?B  (?:dead|duplicate|junk)? +([/…][^\s│▁▂▃▄▅▆▇█]*)")
Use = Callable[[Browser, Pilot[None]], Awaitable[None]]


def use(
    anatomy: Anatomy, act: Use, *, size: tuple[int, int] = WIDE, name: str = "oci:toy"
) -> Browser:
    """Open a browser, do something with it, and close it."""

    async def run() -> Browser:
        app = Browser(name, contents_of(anatomy))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await act(app, pilot)
        return app

    return asyncio.run(run())


def after(
    *keys: str, anatomy: Anatomy = ANATOMY, size: tuple[int, int] = WIDE, name: str = "oci:toy"
) -> list[str]:
    """Return the screen's lines after some keys."""
    found: list[str] = []

    async def act(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await pilot.pause()
        found.extend(lines_of(app))

    use(anatomy, act, size=size, name=name)
    return found


def lines_of(app: Browser) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


def listed(lines: Sequence[str]) -> list[str]:
    """Return the paths that the list of files shows, top down."""
    found = (_FILE.search(line) for line in lines)
    return [match[1] for match in found if match]


def test_all_files_are_shown_at_first_the_largest_on_top() -> None:
    lines = after()

    assert listed(lines)[:3] == ["/app/old", f"/{SITE}/foo/b.so", "/app/copy"]
    for words in ("oci:toy  3 layers, ", "5.0 MB dead", "7.0 kB junk", "7 files, 5.1 MB", "all"):
        assert any(words in line for line in lines), words


def test_moving_over_the_layers_shows_the_files_that_each_one_wrote() -> None:
    assert listed(after("down")) == ["/app/old", "/root/.cache/pip/x"]
    assert listed(after("end")) == ["/app/copy"]
    assert listed(after("end", "up", "up", "j", "k")) == ["/app/old", "/root/.cache/pip/x"]
    assert len(listed(after("end", "home"))) == 7


def test_more_is_said_of_the_file_below_the_cursor() -> None:
    text = "\n".join(after("right"))
    other = "\n".join(after("right", "down", "down", "down"))

    assert "5,000,000 bytes, in layer 1" in text
    assert "dead: removed by layer 3" in text
    assert f"duplicate: the same bytes as /{'app/copy'}" in other
    assert "9,000 bytes, source, of foo 1, in layer 2" in other


def test_more_is_said_of_the_layer_below_the_cursor() -> None:
    text = "\n".join(after("down", "down"))

    assert "layer 2: RUN 1" in text
    assert "4 files, 99.1 kB live, 9.0 kB duplicate" in text
    assert "holds foo 1" in text


def test_each_letter_narrows_the_files_and_the_enter_key_leads_to_them() -> None:
    assert listed(after("slash", "f", "o", "o")) == [
        f"/{SITE}/foo/b.so",
        f"/{SITE}/foo/a.py",
        f"/{SITE}/foo-1.dist-info/RECORD",
        f"/{SITE}/foo-1.dist-info/METADATA",
    ]
    assert listed(after("slash", *"foo", "space", *"shared")) == [f"/{SITE}/foo/b.so"]
    assert "90,000 bytes" in "\n".join(after("slash", *"foo", "enter"))
    assert listed(after("slash", *"no-such-file")) == []


def test_letters_that_are_keys_elsewhere_can_be_typed() -> None:
    assert after("slash", *"qws")[1].strip() == "qws"


def test_the_key_for_waste_goes_through_its_kinds() -> None:
    dead, copy, junk = "/app/old", f"/{SITE}/foo/a.py", "/root/.cache/pip/x"

    assert listed(after("w")) == [dead, copy, junk]
    assert listed(after("w", "w")) == [dead]
    assert listed(after("w", "w", "w")) == [copy]
    assert listed(after(*"wwww")) == [junk]
    assert len(listed(after(*"wwwww"))) == 7


def test_files_can_be_sorted_by_path() -> None:
    found = listed(after("s"))

    assert found == sorted(found)
    assert listed(after("s", "s")) == listed(after())


def test_everything_comes_back_when_the_question_is_cleared() -> None:
    assert listed(after("down", "w", "slash", "x", "escape")) == listed(after("down"))


@pytest.mark.parametrize("keys", [("q",), ("right", "q"), ("slash", "ctrl+c"), ("ctrl+c",)])
def test_it_ends_where_it_is_told_to(keys: tuple[str, ...]) -> None:
    async def act(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await pilot.pause()
        assert not app.is_running

    assert use(ANATOMY, act).return_code == 0


def test_the_keys_are_in_the_footer() -> None:
    last = after()[-1]

    for words in ("← Layers", "→ Files", "/ Filter", "w Waste", "s Sort", "esc Clear", "q Quit"):
        assert words in last


def test_a_row_can_be_chosen_with_the_mouse() -> None:
    async def act(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.click("#layers", offset=(5, 1))
        await pilot.pause()
        assert listed(lines_of(app)) == ["/app/old", "/root/.cache/pip/x"]
        await pilot.click("#layers", offset=(5, 20))
        await pilot.pause()
        assert listed(lines_of(app)) == ["/app/copy"]

    use(ANATOMY, act)


def test_of_a_hundred_thousand_files_only_those_in_sight_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is pressed; and no key takes long."""
    many = apart(tuple(filled(f"d{n % 100}/file-{n:06}", n % 50) for n in range(100_000)))
    written = 0

    def spy(row: FileRow, width: int) -> Line:
        nonlocal written
        written += 1
        return file_line(row, width)

    monkeypatch.setattr(module, "file_line", spy)

    async def act(app: Browser, pilot: Pilot[None]) -> None:
        nonlocal written
        files = app.query_one("#files", RowList)
        for keys in (("right",), ("end",), ("pageup",), ("slash", "0", "0", "7"), ("enter", "end")):
            written, began = 0, time.perf_counter()
            await pilot.press(*keys)
            await pilot.pause()
            assert written < 1000
            assert time.perf_counter() - began < 5 * len(keys)
        assert files.count == sum("007" in f"d{n % 100}/file-{n:06}" for n in range(100_000))
        assert files.cursor == files.count - 1

    use(many, act)


@pytest.mark.parametrize("size", [WIDE, NARROW, (20, 10), (1, 1)])
def test_names_that_would_steer_a_terminal_are_shown_harmlessly(size: tuple[int, int]) -> None:
    """Of files, of the image, and what made a layer; markup is no markup either."""
    evil = "\x1b[2J\x1b]0;owned\x07\r\n\u202e[red][/red][@click=app.quit]x[/]"
    hostile = apart((filled(f"a{evil}", 5_000_000), filled(evil, 10)))

    lines = after("right", "down", "slash", "x", anatomy=hostile, size=size, name=evil)

    assert [line for line in lines if not line.isprintable()] == []
    if size == WIDE:
        assert any("a\ufffd[2J\ufffd]0;owned\ufffd \ufffd[red][/red]" in line for line in lines)


@pytest.mark.parametrize("width", [1, 5, 20, 40, 60, 80, 109, 110, 300])
def test_lines_keep_to_the_width_of_the_terminal(width: int) -> None:
    wide = apart((filled("漢字/" * 20 + "file.so", 5000), filled("é" * 100, 10)))

    lines = after("down", "right", anatomy=wide, size=(width, 20))

    assert {cell_len(line) for line in lines} == {width}


def test_on_a_narrow_terminal_the_files_are_below_the_layers_and_keep_their_names() -> None:
    lines = after("slash", *"foo", size=NARROW)

    assert [path[-6:] for path in listed(lines)[:2]] == ["o/b.so", "o/a.py"]
    assert next(n for n, line in enumerate(lines) if "made by" in line) < next(
        n for n, line in enumerate(lines) if "waste" in line and "path" in line and "size" in line
    )


def test_a_name_at_the_edge_is_whole_beside_a_scroll_bar() -> None:
    many = apart(tuple(filled(f"{'folder/' * 20}name{n:03}.so", 10) for n in range(100)))

    for size in (WIDE, NARROW, (80, 14)):
        found = listed(after(anatomy=many, size=size))
        assert found
        assert {path[-3:] for path in found} == {".so"}


def test_a_terminal_that_changes_its_size_keeps_the_place() -> None:
    many = apart(tuple(filled(f"f{n:03}", 1000 - n) for n in range(300)))

    async def act(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("right", *["pagedown"] * 4)
        cursor = app.query_one("#files", RowList).cursor
        for size in ((60, 24), (200, 60), (80, 14)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert app.query_one("#files", RowList).cursor == cursor
            assert f"/f{cursor:03}" in listed(lines_of(app))

    use(many, act)


def test_an_image_without_files_can_be_looked_at() -> None:
    for keys in ((), ("right", "down", "end", "pageup"), ("slash", "x", "enter")):
        assert listed(after(*keys, anatomy=apart())) == []


def test_the_filter_is_where_the_keys_go_after_a_slash() -> None:
    async def act(app: Browser, pilot: Pilot[None]) -> None:
        await pilot.press("slash")
        assert isinstance(app.focused, Input)

    use(ANATOMY, act)
