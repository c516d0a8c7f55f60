"""The tutorial does what it says: its commands run, in its order, with its output."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, blocks

pytestmark = [pytest.mark.slow, pytest.mark.network]

_PAGE = DOCS / "tutorial" / "first-image.md"
_VARYING = re.compile(r"[0-9a-f]{12,}|\d+(\.\d+)*|amd64|arm64")


@pytest.mark.skipif(
    not any(map(shutil.which, ("bwrap", "crun", "docker"))), reason="nothing here starts an image"
)
@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_every_command_of_the_tutorial_works_as_shown(tmp_path: Path) -> None:
    """Shell blocks succeed in order, and every line shown as output is printed."""
    text = _PAGE.read_text(encoding="utf-8")
    script = "".join(body for _, body in blocks(text, "sh"))
    environment = {
        **os.environ,
        "LAMINA_STORE": str(tmp_path / "store"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )

    assert done.returncode == 0, done.stdout
    printed = set(map(_masked, done.stdout.splitlines()))
    shown = [line for _, body in blocks(text, "text") for line in body.splitlines()]
    assert [line for line in shown if _masked(line) not in printed] == [], done.stdout


def _masked(line: str) -> str:
    """Leave out what differs from day to day: digests, versions, sizes, times."""
    return " ".join(_VARYING.sub("#", line).split())
