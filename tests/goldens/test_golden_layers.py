"""The bytes of layers are pinned: they change only with LAYOUT_VERSION, and then on purpose.

``UPDATE_GOLDENS=1 pytest tests/goldens`` writes the files again; review what changed.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.layer.compress import compressor
from lamina.layer.key import LAYOUT_VERSION
from tests.goldens.layers import render

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
NAMES = ("environment", "wheel", "files")
COMPRESSED_HERE = {"files"}
"""Their blobs are the work of zlib, and another zlib may write other bytes; the tar is the same."""


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    found = render()
    if os.environ.get("UPDATE_GOLDENS"):
        for name, text in found.items():
            (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    return found


def comparable(text: str, *, is_same_compressor: bool) -> str:
    """Leave out what another zlib may do differently."""
    text = re.sub(r"(?m)^compressor .*\n", "", text)
    return text if is_same_compressor else re.sub(r"(?m)^(digest|size) .*\n", "", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_has_the_bytes_that_its_golden_pins(name: str, rendered: dict[str, str]) -> None:
    """Digest, diff_id, and every entry with its mode, owner, time, size and content."""
    golden = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    is_same = name not in COMPRESSED_HERE or f"compressor {compressor()}" in golden

    found = comparable(rendered[name], is_same_compressor=is_same)

    assert found == comparable(golden, is_same_compressor=is_same)


def test_the_golden_wheel_layer_is_this_one() -> None:
    """Written down here too, so that no flag can change it unseen."""
    golden = (FOLDER / "wheel.txt").read_text(encoding="utf-8")

    assert LAYOUT_VERSION == 4
    assert (
        "digest     sha256:aed5dab967c20c0be447d0ee2373117544701f369f91579e70d3249650bbfb5d"
        in golden
    )
    assert (
        "diff_id    sha256:8ddb1def1f26c082798070e7d233a6a1b9ea19fd520f1808eac062ca80e2e9f4"
        in golden
    )


@pytest.mark.parametrize(
    ("variables", "umask"),
    [
        ({"PYTHONHASHSEED": "1"}, 0o022),
        ({"PYTHONHASHSEED": "424242", "TZ": "Pacific/Kiritimati"}, 0o077),
        ({"TZ": "America/New_York", "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}, 0o000),
        ({"LANG": "tr_TR.UTF-8", "SOURCE_DATE_EPOCH": "1700000000", "HOME": "/nonexistent"}, 0o002),
    ],
    ids=["hash seed", "far east and private", "C locale and open", "Turkish and homeless"],
)
def test_the_environment_does_not_reach_the_bytes(
    variables: dict[str, str], umask: int, rendered: dict[str, str]
) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}

    done = subprocess.run(
        [sys.executable, "-m", "tests.goldens.layers"],
        env=environment, umask=umask, cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip

    expected = "".join(f"== {name}\n{text}" for name, text in rendered.items())
    assert done.stdout.decode("utf-8") == expected
