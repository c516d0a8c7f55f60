"""Lines keep to their width, and what is cut keeps the part that says more."""

import pytest
from rich.cells import cell_len

from lamina.cli.tui.lines import file_details, file_line, head, layer_details, layer_line, tail
from lamina.reports.browse import FileRow, Mark
from lamina.reports.layer_rows import LayerRow

LAYER = LayerRow(
    number=3, packed=1_000_000, unpacked=2_500_000, live=2_000_000, dead=500_000, duplicate=0,
    junk=7000, files=12, made_by="lamina: numpy==1.26.4", holds="numpy 1.26.4", digest="sha256:a",
)  # fmt: skip


def text_of(line: tuple[tuple[str, str], ...]) -> str:
    return "".join(text for text, _ in line)


@pytest.mark.parametrize(
    ("text", "width", "first", "last"),
    [
        ("abcdef", 6, "abcdef", "abcdef"),
        ("abcdef", 4, "abc…", "…def"),
        ("abcdef", 1, "…", "…"),
        ("abcdef", 0, "", ""),
        ("abcdef", -5, "", ""),
        ("漢字漢字", 5, "漢字…", "…漢字"),
        ("漢字漢字", 4, "漢 …", "…字"),
    ],
)
def test_the_beginning_or_the_end_is_kept(text: str, width: int, first: str, last: str) -> None:
    assert head(text, width) == first
    assert tail(text, width) == last
    assert max(map(cell_len, (first, last))) <= max(0, width)


def test_a_layer_of_ours_is_called_by_what_is_in_it() -> None:
    assert text_of(layer_line(LAYER, 60)) == "  3   1.0 MB   2.5 MB 500.0 kB  numpy==1.26.4"


def test_waste_has_the_style_of_its_mark() -> None:
    row = FileRow(path="/a", size=5000, layer=0, mark=Mark.DEAD, why="removed by layer 1")

    assert ("dead     ", "dead") in file_line(row, 60)
    assert (" 500.0 kB", "dead") in layer_line(LAYER, 60)


def test_details_leave_out_what_is_not_known() -> None:
    assert file_details(FileRow(path="/a", size=5000, layer=0)) == (
        "/a", "5,000 bytes, in layer 0", "",
    )  # fmt: skip
    assert layer_details(LAYER) == (
        "layer 3: lamina: numpy==1.26.4",
        "12 files, 2.0 MB live, 500.0 kB dead, 7.0 kB junk",
        "holds numpy 1.26.4",
    )
