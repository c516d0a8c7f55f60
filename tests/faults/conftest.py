"""A project in two versions, one of them built, and ways to break the building of the other."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from lamina.testing.wheels import ToyWheel
from tests.support.toys import Outcome, build, make_project

DRIVER = Path(__file__).with_name("driver.py")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A store and a layout that hold the old version; ``new`` is the project to be built.

    ``old_digest`` and ``new_digest`` are what undisturbed builds give.
    """

    folder: Path
    new: Path
    old_digest: str
    new_digest: str

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def words(self) -> list[str]:
        """The build of the new version, into the layout of the old one."""
        return [
            "build", str(self.new), "-o", f"oci:{self.output}:toys:1", "-t", "toys:1",
            "-o", f"oci-archive:{self.folder / 'archive.tar'}", "--platform", "linux/amd64",
        ]  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "LAMINA_STORE": str(self.store)}

    def copy(self, name: str) -> "Scene":
        """Return the same scene in a folder of its own."""
        folder = self.folder.parent / name
        shutil.copytree(self.folder, folder)
        return Scene(
            folder=folder, new=self.new, old_digest=self.old_digest, new_digest=self.new_digest
        )

    def build_with_fault(self, fault: str, number: int) -> "subprocess.CompletedProcess[str]":
        """Build the new version in a process with a fault armed (see driver.py)."""
        return self.run([sys.executable, str(DRIVER), fault, str(number), *self.words])

    def run(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run a program with this scene's store."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )

    def build(self) -> Outcome:
        """Build the new version undisturbed."""
        return build(self.new, self.output, self.store)

    def published(self) -> str:
        """Return the digest that the layout names, after checking that it holds all of it."""
        (row,) = json.loads((self.output / "index.json").read_bytes())["manifests"]
        manifest = json.loads(self._verified(row))
        for descriptor in (manifest["config"], *manifest["layers"]):
            self._verified(descriptor)
        return str(row["digest"])

    def _verified(self, descriptor: dict[str, str]) -> bytes:
        name = descriptor["digest"].removeprefix("sha256:")
        data = (self.output / "blobs/sha256" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == name
        return data

    def assert_store_is_sound(self) -> None:
        """Every blob and every wheel is what its name says."""
        for path in (*self.store.glob("blobs/sha256/*"), *self.store.glob("wheels/*")):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name.partition(".")[0]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Build the old version, and find out what the new one will be."""
    folder = tmp_path_factory.mktemp("scene")
    old = _project(folder, "old", seed=1)
    new = _project(folder, "new", seed=2)
    scene = folder / "scene"
    (scene / "store").mkdir(parents=True)
    done = build(old, scene / "output", scene / "store")
    undisturbed = build(new, folder / "elsewhere", folder / "store")
    assert (done.code, undisturbed.code) == (0, 0), done.err + undisturbed.err
    return Scene(
        folder=scene, new=new, old_digest=done.out.strip(), new_digest=undisturbed.out.strip()
    )


@pytest.fixture
def scene(original: Scene, tmp_path: Path) -> Scene:
    """Hand out the scene in a folder that the test may spoil."""
    return original.copy(tmp_path.name)


def _project(folder: Path, name: str, *, seed: int) -> Path:
    """Write a project of two wheels, of which one has other bytes for every ``seed``."""
    noise = random.Random(seed).randbytes(150_000)
    wheels = [
        ToyWheel(name="stable", files={"stable.py": b"x = 1\n" * 999}),
        ToyWheel(
            name="changing",
            files={"changing.bin": noise, "changing.py": b"def main(): pass\n"},
            entry_points="[console_scripts]\nchanging = changing:main\n",
        ),
    ]
    paths = [wheel.write(folder / f"wheels-{name}") for wheel in wheels]
    return make_project(folder / f"project-{name}", paths)
