"""`lamina layers --tui` on a terminal, and what it says where it cannot be."""

import sys
from pathlib import Path

import pytest

from lamina.layout.write import write_layout
from tests.support.synthetic import filled, gone, image_of
from tests.support.terminal import on_a_terminal
from tests.support.tools import LAMINA
from tests.support.toys import lamina

WITHOUT_TEXTUAL = (
    sys.executable, "-c",
    ("import sys; sys.modules['textual'] = None\n"
    "from lamina.cli.app import main; sys.exit(main(sys.argv[1:]))"),
)  # fmt: skip


@pytest.fixture
def image(tmp_path: Path) -> str:
    layers = ((filled("app/old", 50_000), filled("a\x1b]0;owned\x07", 60_000)), (gone("app/old"),))
    write_layout(tmp_path / "image", *image_of(layers), names=())
    return f"oci:{tmp_path}/image"


def with_store(folder: Path) -> dict[str, str]:
    return {"LAMINA_STORE": str(folder / "store")}


def test_an_image_is_browsed_on_a_terminal_until_q_is_pressed(tmp_path: Path, image: str) -> None:
    command = (*LAMINA, "layers", image, "--tui")
    with on_a_terminal(command, variables=with_store(tmp_path)) as program:
        program.read_until("/app/old")
        program.press(b"wwq")

        assert program.end() == 0
        assert "\N{REPLACEMENT CHARACTER}]0;owned".encode() in program.written
        assert b"\x1b]0;owned" not in program.written


def test_a_key_changes_what_is_to_be_seen(tmp_path: Path, image: str) -> None:
    command = (*LAMINA, "layers", image, "--tui")
    with on_a_terminal(command, variables=with_store(tmp_path)) as program:
        program.read_until("2 files")
        program.press(b"/")
        program.settle()
        program.press(b"old")
        program.read_until("1 file,")

        assert "]0;owned" not in program.screen.text


def test_without_textual_it_is_said_what_to_install(tmp_path: Path, image: str) -> None:
    """Before anything of the image is read."""
    command = (*WITHOUT_TEXTUAL, "layers", image, "--tui")
    with on_a_terminal(command, variables=with_store(tmp_path)) as program:
        assert program.end() == 4
        assert "error: --tui needs textual" in program.screen.text
        assert "install lamina[tui]" in program.screen.text
    assert not (tmp_path / "store").exists()


def test_without_textual_everything_else_works(tmp_path: Path, image: str) -> None:
    command = (*WITHOUT_TEXTUAL, "layers", image)
    with on_a_terminal(command, variables=with_store(tmp_path)) as program:
        assert program.end() == 0


def test_what_is_no_image_is_an_error_on_a_terminal_too(tmp_path: Path) -> None:
    command = (*LAMINA, "layers", f"oci:{tmp_path}/nothing", "--tui")
    with on_a_terminal(command, variables=with_store(tmp_path)) as program:
        assert program.end() == 3
        assert "error: " in program.screen.text
        assert "Traceback" not in program.screen.text


def test_without_a_terminal_there_is_nothing_to_browse(tmp_path: Path, image: str) -> None:
    done = lamina("layers", image, "--tui", store=tmp_path / "store")

    assert (done.code, done.out) == (2, "")
    assert "--tui needs a terminal" in done.err


def test_one_image_is_browsed_at_a_time(tmp_path: Path, image: str) -> None:
    done = lamina("layers", image, "--tui", "--against", image, store=tmp_path / "store")

    assert done.code == 2
    assert "--tui shows one image" in done.err
