"""A container's command under the debugger."""

from pathlib import Path

import pytest

from lamina.errors import UsageError
from lamina.rootfs.container import Container
from lamina.rootfs.debug import debugged

LISTEN = ("-m", "debugpy", "--listen", "127.0.0.1:5678")


def container(root: Path, *arguments: str) -> Container:
    return Container(
        root=root, arguments=arguments, environment=(("PATH", "/opt/venv/bin:/usr/bin"),)
    )


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_a_module_is_run_by_debugpy(tmp_path: Path) -> None:
    found = debugged(container(tmp_path, "python", "-m", "shop", "--port", "80"), port=5678)

    assert found.arguments == ("python", *LISTEN, "-m", "shop", "--port", "80")


def test_a_file_is_run_by_debugpy(tmp_path: Path) -> None:
    found = debugged(container(tmp_path, "/usr/bin/python3.11", "serve.py"), port=5678)

    assert found.arguments == ("/usr/bin/python3.11", *LISTEN, "serve.py")


def test_a_console_script_is_run_as_the_file_that_it_is(tmp_path: Path) -> None:
    put(tmp_path, "opt/venv/bin/shop", "#!/opt/venv/bin/python\nimport shop\n")

    found = debugged(container(tmp_path, "shop", "serve"), port=5678)

    assert found.arguments == ("python", *LISTEN, "/opt/venv/bin/shop", "serve")


@pytest.mark.parametrize("text", ["#!/bin/sh\n", "\x7fELF"])
def test_what_is_not_python_is_refused(tmp_path: Path, text: str) -> None:
    put(tmp_path, "usr/bin/tool", text)

    with pytest.raises(UsageError, match="tool is not a Python program"):
        debugged(container(tmp_path, "tool"), port=5678)


def test_an_option_of_python_is_refused_rather_than_lost(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot pass -O"):
        debugged(container(tmp_path, "python", "-O", "serve.py"), port=5678)
