"""A program that the image does not have is named before anything is started."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.errors import ImageError
from lamina.rootfs.container import Container
from lamina.rootfs.startable import check_startable


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., None]:
    files = {
        "opt/venv/bin/hello": "#!/opt/venv/bin/python -I\n",
        "bin/true": "\x7fELF",
        "app/x": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "opt/venv/bin/python").symlink_to("/usr/bin/python3.11")

    def check(program: str) -> None:
        container = Container(
            root=tmp_path,
            arguments=(program,),
            environment=(("PATH", "/opt/venv/bin:/bin"),),
            working_directory="/app",
        )
        check_startable(tmp_path, container)

    return check


@pytest.mark.parametrize("program", ["true", "/bin/true", "./x", "../bin/true"])
def test_a_program_is_found_as_the_kernel_finds_it(
    check: Callable[..., None], program: str
) -> None:
    check(program)


@pytest.mark.parametrize("program", ["python", "false", "/bin/false", "./y"])
def test_a_missing_program_is_named(check: Callable[..., None], program: str) -> None:
    """A link that leads nowhere is no program: scratch has the link and no Python."""
    with pytest.raises(ImageError, match="the image has no program") as caught:
        check(program)

    assert program in caught.value.what


def test_a_script_without_its_interpreter_is_named_with_it(check: Callable[..., None]) -> None:
    with pytest.raises(ImageError, match="script for /opt/venv/bin/python, which") as caught:
        check("hello")

    assert "scratch" in str(caught.value.hint)


def test_a_script_whose_interpreter_is_there_is_fine(
    check: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/python3.11").write_text("")

    check("hello")
