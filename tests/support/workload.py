"""The reference workload's image, built once for all tests of a run."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from lamina.cli.images import Wanted, opened
from lamina.cli.unpacked import unpacked
from lamina.oci.platform import Platform
from lamina.rootfs.container import prepare
from lamina.rootfs.run import start
from lamina.store.store import Store
from tests.support.process import run
from tests.support.tools import EXAMPLE, LAMINA

NAME = "aml-agent:test"
UV = Path(sys.executable).parent / "uv"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A built image: as a layout, as an archive, and in a store.

    Only the one for linux/amd64 is called ``NAME``, because all share the store.
    """

    store: Path
    layout: Path
    archive: Path
    digest: str

    @property
    def environment(self) -> dict[str, str]:
        """What makes `lamina` use the store that the image is in."""
        return {**os.environ, "LAMINA_STORE": str(self.store)}

    def lamina(self, *words: str | Path) -> str:
        """Run a command of Lamina on this store."""
        return run(*LAMINA, *words, environment=self.environment)

    @property
    def manifest(self) -> dict[str, object]:
        """The image manifest."""
        return dict(json.loads(self.blob(self.digest)))

    def blob(self, digest: str) -> bytes:
        """Read a blob of the layout."""
        return (self.layout / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()


def build_workload(folder: Path, platform: str) -> Workload:
    """Build the example for ``platform`` below ``folder``, or take it if another test has."""
    store, output = folder / "store", folder / platform.replace("/", "-")
    done = output / "digest"
    with locked(folder / "lock"):
        if not done.exists():
            output.mkdir(parents=True, exist_ok=True)
            name = NAME if platform == "linux/amd64" else f"{NAME}-{platform.rpartition('/')[2]}"
            command: list[str | Path] = [*LAMINA, "build", EXAMPLE, "-t", name,
                       "--platform", platform, "--progress", "plain",
                       "-o", f"oci:{output / 'layout'}",
                       "-o", f"docker-archive:{output / 'image.tar'}"]  # fmt: skip
            environment = {**os.environ, "LAMINA_STORE": str(store)}
            digest = run(*command, environment=environment).strip()
            done.write_text(digest)
    return Workload(
        store=store,
        layout=output / "layout",
        archive=output / "image.tar",
        digest=done.read_text(),
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that other test processes wait for."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def copy_of_the_example(folder: Path) -> Path:
    """Copy the example, without caches."""
    ignored = shutil.ignore_patterns(".*_cache", "__pycache__", ".venv", "*.egg-info")
    shutil.copytree(EXAMPLE, folder, ignore=ignored)
    return folder


def run_own_tests(store: Path, name: str, project: Path, *, scratch: Path) -> tuple[int, str]:
    """Run the project's tests in its image; return the exit code and what was said.

    Pytest is laid beside the image's own files; everything else is the image's.
    """
    opened_store = Store.open(store)
    platform = Platform.parse("linux/amd64")
    with opened(Wanted(name=name, platform=platform), opened_store) as found:
        image, content = found.image, found.content
    tools = scratch / "tools"
    run(UV, "pip", "install", "--quiet", "--target", tools, "--python-version", "3.11", "pytest")
    with unpacked(image, content, opened_store) as root, tempfile.TemporaryFile() as output:
        shutil.copytree(tools, root / "opt" / "tools")
        shutil.copytree(project / "tests", root / "app" / "tests")
        shutil.copy(project / "pyproject.toml", root / "app")
        _open_to_all(root / "opt" / "tools", root / "app")
        container = prepare(
            root,
            replace(image.runtime, entrypoint=("python", "-m", "pytest"), command=()),
            arguments=("-q", "-p", "no:cacheprovider", "/app/tests"),
            environment=[("PYTHONPATH", "/opt/tools")],
            network="loopback",
        )
        running = start(container, output=output)
        try:
            code = running.wait(600)
        except subprocess.TimeoutExpired:
            code = running.stop()
        output.seek(0)
        return code, output.read().decode()


def _open_to_all(*folders: Path) -> None:
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def bump(project: Path, name: str, version: str, *, folder: Path) -> None:
    """Pin another version of one dependency, with its hashes; ``folder`` is for scratch."""
    wanted = folder / "one.in"
    wanted.write_text(f"{name}=={version}\n")
    pinned = run(
        UV, "pip", "compile", "--quiet", "--no-deps", "--generate-hashes", "--no-header",
        "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
        "--python-version", "3.11", wanted,
    )  # fmt: skip
    path = project / "requirements.txt"
    text, count = re.subn(
        rf"^{name}==.*?(?=^\S)",
        lambda _: pinned,
        path.read_text(),
        flags=re.MULTILINE | re.DOTALL,
    )
    if count != 1 or f"{name}=={version}" not in text:
        raise RuntimeError(f"{name} is not pinned once in {path}")
    path.write_text(text)
