"""Whatever looks into images says of hostile ones what is wrong, harms nothing, and stays small."""

import gzip
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.oci.digest import Digest
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.faults.test_hostile_images import DOCUMENTS, LAYERS, MB, ODD, Draft, draft, good
from tests.support.synthetic import filled
from tests.support.tools import LAMINA
from tests.support.toys import lamina

COMMANDS: dict[str, tuple[str, ...]] = {
    "layers": ("layers", "{image}"),
    "size": ("size", "{image}"),
    "diff, new": ("diff", "{good}", "{image}"),
    "diff, old": ("diff", "{image}", "{good}"),
    "scan": ("scan", "{image}", "--offline", "--scanners", "secrets,permissions,licenses"),
    "verify": ("verify", "{image}", "{project}", "--platform", "linux/amd64"),
    "sbom": ("sbom", "{image}"),
}
REFUSED = 3
UNSTACKED = {
    "a hard link to nothing", "a hard link to a directory", "a file below a file",
    "a loop of links", "a link to itself",
}  # fmt: skip
"""Of these a bill is made, and secrets are looked for: files say so wherever they are put."""
MOST_MEMORY = 256 * MB


def spoilt(name: str) -> Draft:
    made = good()
    DOCUMENTS[name](made)
    return made


HOSTILE: dict[str, Callable[[], Draft]] = {
    **{name: lambda name=name: spoilt(name) for name in DOCUMENTS},  # type: ignore[misc]
    **{name: lambda name=name: draft(LAYERS[name]) for name in LAYERS},  # type: ignore[misc]
}


def words_of(command: str, folder: Path) -> list[str]:
    """Fill in a command's words; what it is compared with is well."""
    draft((filled("other", 5000),)).write(folder / "good")
    project = locked_project(folder / "project", [ToyWheel()], settings='exclude = ["**"]')
    places = {
        "image": f"oci:{folder}/image", "good": f"oci:{folder}/good", "project": str(project),
    }  # fmt: skip
    return [word.format(**places) for word in COMMANDS[command]]


def written(folder: Path) -> dict[str, bytes]:
    """Read all that is beside the store."""
    outside = (path for path in folder.rglob("*") if folder / "store" not in path.parents)
    return {str(path): path.read_bytes() for path in outside if path.is_file()}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_image_is_refused_by_every_command(
    name: str, command: str, tmp_path: Path
) -> None:
    """An image that is not what it says is an error, or not proven; nothing else is written."""
    words = words_of(command, tmp_path)
    HOSTILE[name]().write(tmp_path / "image")
    (tmp_path / "canary").write_text("alive")
    before = written(tmp_path)

    done = lamina(*words, store=tmp_path / "store")

    assert written(tmp_path) == before
    assert "Traceback" not in done.err
    match command, done.code:
        case "verify", 1:
            assert "NOT proven" in done.out
        case "scan", 4:
            assert done.out.count("not scanned  ") == 3
        case "sbom" | "scan", 0 | 1:
            assert name in UNSTACKED
        case _:
            assert done.code == REFUSED, done.out + done.err
            assert "error: " in done.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ODD)
def test_an_odd_image_is_read_by_every_command(name: str, command: str, tmp_path: Path) -> None:
    words = words_of(command, tmp_path)
    draft(ODD[name]).write(tmp_path / "image")
    before = written(tmp_path)

    done = lamina(*words, store=tmp_path / "store")

    assert written(tmp_path) == before
    assert done.code in {0, 1}, done.err
    assert "\x1b" not in done.out + done.err
    assert "Traceback" not in done.err


def bomb() -> Draft:
    """Return 8 GiB of zeros in 8 MB, as members of gzip that follow each other."""
    zeros = tarfile.TarInfo("zeros")
    zeros.size = 8 << 30
    made = draft((filled("a", 10),))
    blob = gzip.compress(zeros.tobuf()) + gzip.compress(bytes(64 * MB), 9) * 128
    digest = Digest.of(blob)
    made.blobs[digest.hex] = blob
    made.layer.update(digest=str(digest), size=len(blob))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_bomb_takes_little_memory_of_any_command(command: str, tmp_path: Path) -> None:
    """Measured of the whole program, as the kernel counts it."""
    words = words_of(command, tmp_path)
    bomb().write(tmp_path / "image")

    code, error, most = measured(words, tmp_path)

    assert code in {1, REFUSED, 4}, error
    assert "Traceback" not in error
    assert most < MOST_MEMORY


_MEASURED = """\
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""
"""Started by a small program, for the kernel counts what whoever starts a program holds as well."""


def measured(words: list[str], folder: Path) -> tuple[int, str, int]:
    """Run a command by itself; return its exit code, what it said, and its peak of memory."""
    environment = {**os.environ, "LAMINA_STORE": str(folder / "store")}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *LAMINA, *words],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    *said, last = done.stdout.splitlines()
    code, most = last.split()
    return int(code), "\n".join(said) + done.stderr, int(most)
