"""Ten layouts: `lamina init`, and at once Lamina builds and tries the image, and BuildKit too."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmarks.base import import_base

from tests.interop.conftest import needs
from tests.support import docker_engine
from tests.support.docker_engine import Docker
from tests.support.layouts import DOCKERFILE, LAYOUTS, write_layout
from tests.support.process import run
from tests.support.tools import LAMINA

UV = Path(sys.executable).parent / "uv"
TIMEOUT_S = "90"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder that the store and the projects of all layouts are in."""
    return tmp_path_factory.mktemp("init")


@pytest.fixture(scope="module")
def lamina(folder: Path) -> Callable[..., str]:
    """Run a command of Lamina with a store of its own."""
    environment = {**os.environ, "LAMINA_STORE": str(folder / "store")}

    def call(*words: str | Path) -> str:
        return run(*LAMINA, *words, environment=environment)

    return call


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Docker]:
    """Run a current Docker engine."""
    needs("mmdebstrap")
    if not docker_engine.is_there("docker-modern"):
        pytest.skip("docker-modern is not unpacked, or may not be started: run `make tools`")
    with docker_engine.docker_engine("docker-modern", folder / "engine") as docker:
        yield docker
    shutil.rmtree(folder / "engine", ignore_errors=True)


@pytest.fixture(scope="module")
def base(engine: Docker, folder: Path) -> str:
    """Make the image that stands in for Debian's official one, from Debian's own packages."""
    return import_base(engine, folder)


@pytest.fixture(scope="module")
def projects(folder: Path, lamina: Callable[..., str]) -> Callable[[str], Path]:
    """Write a layout, lock it with its own tool where it has one, and run `lamina init`, once."""
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            project = write_layout(name, folder / name)
            _locked(name, project)
            lamina("init", project)
            made[name] = project
        return made[name]

    return make


@pytest.mark.parametrize("name", LAYOUTS)
def test_lamina_builds_and_tries_it_at_once(
    name: str, projects: Callable[[str], Path], lamina: Callable[..., str]
) -> None:
    project = projects(name)

    lamina("build", project, "-t", f"init-{name}:test")

    report = json.loads(
        lamina("test", f"init-{name}:test", project, "--timeout", TIMEOUT_S, "--format", "json")
    )
    assert report["ok"], report
    assert any(check["what"].startswith("start ") for check in report["checks"])


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_second_run_changes_nothing(
    name: str, projects: Callable[[str], Path], lamina: Callable[..., str]
) -> None:
    project = projects(name)

    assert lamina("init", project, "--diff") == ""


@pytest.mark.parametrize("name", LAYOUTS)
def test_buildkit_builds_the_dockerfile_and_its_image_starts(  # noqa: PLR0917
    name: str,
    projects: Callable[[str], Path],
    lamina: Callable[..., str],
    engine: Docker,
    base: str,
    folder: Path,
) -> None:
    project = projects(name)
    if (project / "docker/Dockerfile").read_text() == DOCKERFILE:
        lamina("init", project, "--force")  # until now it was somebody's own
    image = f"init-{name}:docker"

    done = engine.attempt(
        "buildx", "build", "--progress", "plain", "--network", "host", "--load",
        "--build-arg", f"BASE={base}", *_secrets(folder),
        "-t", image, "-f", project / "docker/Dockerfile", project,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-4000:]
    archive = folder / f"{name}.tar"
    engine("save", "-o", archive, image)
    report = json.loads(
        lamina("test", f"docker-archive:{archive}", project, "--timeout", TIMEOUT_S,
               "--format", "json")
    )  # fmt: skip
    archive.unlink()
    assert report["ok"], report


def _secrets(folder: Path) -> list[str | Path]:
    """Hand this machine's certificates and index to the RUN steps, where it has its own."""
    words: list[str | Path] = []
    if bundle := os.environ.get("SSL_CERT_FILE", ""):
        words += ["--secret", f"id=ca,src={bundle}"]
    if index := os.environ.get("PIP_INDEX_URL", ""):
        (folder / "pip.conf").write_text(f"[global]\nindex-url = {index}\n")
        (folder / "uv.toml").write_text(f'[[index]]\nurl = "{index}"\ndefault = true\n')
        words += ["--secret", f"id=pip,src={folder / 'pip.conf'}"]
        words += ["--secret", f"id=uv,src={folder / 'uv.toml'}"]
    return words


def _locked(name: str, project: Path) -> None:
    match name:
        case "uv":
            subprocess.run([UV, "lock", "--quiet"], cwd=project, check=True)
        case "poetry":
            (project / "poetry.lock").write_text(_poetry_lock(project))
        case "pip-tools":
            run(UV, "pip", "compile", "--quiet", "--generate-hashes", "--no-emit-index-url",
                "--no-emit-find-links", "--python-version", "3.11",
                project / "requirements.in", "-o", project / "requirements.txt")  # fmt: skip
        case _:
            pass


def _poetry_lock(project: Path) -> str:
    """Write what Poetry would lock of the one dependency, with the hashes of the index."""
    listed = project.parent / "listed.in"
    listed.write_text("idna\n")
    text = run(UV, "pip", "compile", "--quiet", "--format", "pylock.toml", "--python-version",
               "3.11", listed)  # fmt: skip
    (package,) = tomllib.loads(text)["packages"]
    files = [*package["wheels"], package["sdist"]]
    rows = "".join(
        f'    {{ file = "{row["url"].rpartition("/")[2]}", '
        f'hash = "sha256:{row["hashes"]["sha256"]}" }},\n'
        for row in files
    )
    return (
        f'[[package]]\nname = "idna"\nversion = "{package["version"]}"\noptional = false\n'
        f'python-versions = ">=3.8"\ngroups = ["main"]\nfiles = [\n{rows}]\n\n'
        '[metadata]\nlock-version = "2.1"\npython-versions = "^3.11"\ncontent-hash = "0"\n'
    )
