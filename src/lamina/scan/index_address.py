"""Index address: where uv looks packages up first, as the user has configured it; it names none."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lamina.lock.index_settings import index_options

_OPTION: Final = "--index-url "
_TIMEOUT_S: Final = 60


def find_index(program: str, environment: Mapping[str, str], directory: Path) -> str:
    """Ask uv which index it would ask, of a project in ``directory``; empty for none.

    ``environment`` is uv's, with pip's settings in uv's words.
    """
    if index_options(environment):
        return ""
    command = [program, "pip", "compile", "--quiet", "--offline", "--no-header",
               "--emit-index-url", "-"]  # fmt: skip
    try:
        done = subprocess.run(
            command,
            env=dict(environment),
            input="",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=directory,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return read_index(done.stdout) if done.returncode == 0 else ""


def read_index(output: str) -> str:
    r"""Find the address in what uv printed.

    >>> read_index("# made by uv\n--index-url https://index.example.org/simple\n")
    'https://index.example.org/simple'
    """
    lines = (line.strip() for line in output.splitlines())
    return next((line.removeprefix(_OPTION) for line in lines if line.startswith(_OPTION)), "")
