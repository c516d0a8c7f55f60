"""The engine `buildkit` on a current Docker engine and on a remote BuildKit, with a toy project."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.interop.conftest import needs
from tests.support import docker_engine
from tests.support.docker_engine import Docker
from tests.support.process import run
from tests.support.python_base import push_base
from tests.support.remote_buildkit import served_over_tcp
from tests.support.tools import LAMINA
from tests.support.workload import UV

PYPROJECT = """\
[project]
name = "toy"
version = "1.0"
scripts = {toy = "toy:main"}

[build-system]
requires = ["uv_build>=0.9,<0.14"]
build-backend = "uv_build"

[dependency-groups]
dev = ["iniconfig"]

[tool.lamina]
base = "debian:bookworm"
requirements = "requirements.txt"
include = ["data"]
port = 8000
healthcheck = "/healthz"
environment = {GREETING = 'a "quoted" $word'}
labels = {"org.example.note" = "two words"}
"""
SOURCE = 'import click\n\n\ndef main() -> None:\n    click.echo("hello")\n'
SECRET = "t0ken-of-nobody"


@dataclass(frozen=True, kw_only=True)
class Site:
    """An engine, a base in a registry, a project, and where Lamina keeps things."""

    docker: Docker
    registry: str
    base: str
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What `lamina` needs to find this engine's client."""
        path = f"{self.docker.program.parent}:{self.docker.environment['PATH']}"
        return {
            **self.docker.environment,
            "PATH": path,
            "LAMINA_STORE": str(self.folder / "store"),
            "LAMINA_HISTORY": str(self.folder / "history.db"),
            **self.extra,
        }

    @property
    def arguments(self) -> list[str]:
        """What these builds need: engines of tests have no bridge."""
        return ["--network", "host", "--build-arg", f"BASE={self.base}"]

    def lamina(self, *words: str | Path) -> str:
        """Run a command of Lamina."""
        return run(*LAMINA, *words, environment=self.environment)

    def steps(self, project: Path, *words: str) -> dict[str, str]:
        """Build, and return how each step of the Dockerfile ended, by its name."""
        done = subprocess.run(
            [*LAMINA, "build", project, "--engine", "buildkit", "-t", "toy:1",
             "--progress", "rawjson", *self.arguments, *words],
            check=False, capture_output=True, text=True, env=self.environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        names = {e["step"]: e["name"] for e in events if e["event"] == "StepStarted"}
        ended = {e["step"]: e["outcome"] for e in events if e["event"] == "StepFinished"}
        return {
            name: ended[id_]
            for id_, name in names.items()
            if re.match(r"\[.*\] (RUN|COPY|WORKDIR)", name)
        }


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Run a current engine with containerd's image store, which can export layouts."""
    if not docker_engine.is_there("docker-modern-containerd"):
        pytest.skip("docker-modern is not unpacked, or may not be started: `make tools` as root")
    folder = tmp_path_factory.mktemp("buildkit")
    with docker_engine.docker_engine("docker-modern-containerd", folder) as docker:
        yield docker
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def site(
    engine: Docker, loopback_registry: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Push a minimal Debian, which stands for the official slim image."""
    needs("mmdebstrap")
    folder = tmp_path_factory.mktemp("site")
    base = push_base(engine, f"{loopback_registry}/library/debian:bookworm-slim", folder, ())
    yield Site(docker=engine, registry=loopback_registry, base=base, folder=folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the project."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "src/toy").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "src/toy/__init__.py").write_text(SOURCE)
    (folder / "data").mkdir()
    (folder / "data/table.csv").write_text("a,b\n")
    lock(folder, "click==8.1.7", "idna==3.7", "networkx==3.3")
    return folder


@pytest.fixture
def project(pristine: Path, tmp_path: Path) -> Path:
    """Copy the project, to be edited."""
    return Path(shutil.copytree(pristine, tmp_path / "toy"))


def lock(project: Path, *wanted: str) -> None:
    """Pin distributions with hashes."""
    listed = project.parent / f"{project.name}.in"
    listed.write_text("\n".join(wanted))
    text = run(UV, "pip", "compile", "--quiet", "--no-deps", "--generate-hashes", "--no-header",
               "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
               "--python-version", "3.11", listed)  # fmt: skip
    (project / "requirements.txt").write_text(text)


def ran(steps: dict[str, str]) -> list[str]:
    """List the stages in which a step ran."""
    return sorted({name[1:].split()[0] for name, how in steps.items() if how != "cached"})


def test_a_second_build_runs_nothing(site: Site, project: Path) -> None:
    site.steps(project)

    assert ran(site.steps(project)) == []


def test_a_source_edit_installs_no_dependency(site: Site, project: Path) -> None:
    site.steps(project)
    (project / "src/toy/__init__.py").write_text(SOURCE.replace("hello", "good day"))

    assert ran(site.steps(project)) == ["production", "project"]


def test_a_changed_dependency_installs_its_group_alone(site: Site, project: Path) -> None:
    """The others are found by their content, although the lock is another one."""
    site.steps(project)
    lock(project, "click==8.1.7", "idna==3.7", "networkx==3.2.1")

    stages = ran(site.steps(project))

    assert [name for name in stages if name.startswith("group-")] == ["group-1-networkx"]


def test_what_a_secret_says_is_nowhere_and_changes_nothing(
    site: Site, project: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "netrc"
    secret.write_text(f"machine index.example login me password {SECRET}\n")
    words = ("--secret", f"id=netrc,src={secret}")
    site.steps(project, *words)
    secret.write_text(f"machine index.example login me password {SECRET}-2\n")

    again = site.steps(project, *words, "-o", f"oci:{tmp_path / 'out'}")

    assert ran(again) == []
    documents = [path.read_bytes() for path in (tmp_path / "out/blobs/sha256").iterdir()
                 if path.stat().st_size < 100_000]  # fmt: skip
    assert documents
    assert not any(SECRET.encode() in data for data in documents)


def test_the_history_has_it_as_a_build_of_the_engine_buildkit(site: Site, project: Path) -> None:
    site.steps(project)

    rows = json.loads(site.lamina("history", "--format", "json"))

    newest = max(rows, key=lambda row: row["started"])
    assert (newest["engine"], newest["kind"], newest["outcome"]) == ("buildkit", "build", "done")


def test_its_dockerfile_is_built_without_lamina(site: Site, project: Path) -> None:
    site.lamina("dockerfile", project, "-o", project / "docker/Dockerfile")
    ca = site.environment.get("SSL_CERT_FILE")
    words = ["--secret", f"id=ca,src={ca}"] if ca else []
    site.docker("build", "--network=host", "--build-arg", f"BASE={site.base}", *words,
                "-f", project / "docker/Dockerfile", "-t", "toy:alone", project)  # fmt: skip

    said = site.docker("run", "--rm", "--network=none", "--entrypoint", "toy", "toy:alone")

    assert said == "hello\n"


def test_the_target_for_developers_has_tools_and_their_source(site: Site, project: Path) -> None:
    site.lamina("dockerfile", project, "-o", project / "docker/Dockerfile")
    ca = site.environment.get("SSL_CERT_FILE")
    words = ["--secret", f"id=ca,src={ca}"] if ca else []
    site.docker("build", "--network=host", "--build-arg", f"BASE={site.base}", *words,
                "--target", "dev", "-t", "toy:dev",
                "-f", project / "docker/Dockerfile", project)  # fmt: skip
    code = "import iniconfig, debugpy, toy; print(toy.__file__)"

    said = site.docker("run", "--rm", "--network=none", "--entrypoint", "python", "toy:dev",
                       "-c", code)  # fmt: skip

    assert said == "/app/src/toy/__init__.py\n"


def test_a_remote_buildkit_takes_all_from_the_registrys_cache(
    site: Site, project: Path, far: Path, tmp_path: Path
) -> None:
    """Another machine builds the same layers, byte for byte, and installs nothing for that."""
    cache = f"type=registry,ref={site.registry}/cache/toy:main"
    site.steps(project, "--cache-to", cache, "-o", f"oci:{tmp_path / 'here'}")
    remote = docker_engine.docker_engine("docker-modern-containerd", far)

    with remote as other, served_over_tcp(other.socket) as address:
        there = site.steps(project, "--builder", address, "--cache-from", cache,
                           "-o", f"oci:{tmp_path / 'there'}")  # fmt: skip
        listed = site.docker("buildx", "ls")

    assert [name for name in ran(there) if name.startswith("group-")] == []
    assert layers(tmp_path / "there") == layers(tmp_path / "here")
    assert "lamina-" not in listed
    shutil.rmtree(far, ignore_errors=True)


def test_a_remote_buildkit_without_cache_makes_the_same_layers(
    site: Site, project: Path, far: Path, tmp_path: Path
) -> None:
    """Those of the base come from apt, whose files are not the same twice."""
    site.steps(project, "-o", f"oci:{tmp_path / 'here'}")
    remote = docker_engine.docker_engine("docker-modern-containerd", far)

    with remote as other, served_over_tcp(other.socket) as address:
        site.steps(project, "--builder", address, "-o", f"oci:{tmp_path / 'there'}")

    assert layers(tmp_path / "there")[2:] == layers(tmp_path / "here")[2:]
    shutil.rmtree(far, ignore_errors=True)


def layers(layout: Path) -> list[str]:
    """List the digests of an image's layers."""
    row = json.loads((layout / "index.json").read_bytes())["manifests"][0]
    manifest = json.loads((layout / "blobs/sha256" / row["digest"][7:]).read_bytes())
    return [layer["digest"] for layer in manifest["layers"]]


def test_what_cannot_be_installed_is_named(site: Site, project: Path) -> None:
    """BuildKit's own words are behind the error, the end of what the step printed first."""
    path = project / "requirements.txt"
    path.write_text(path.read_text() + "# the network is gone\n")

    done = subprocess.run(
        [*LAMINA, "build", project, "--engine", "buildkit", "-t", "toy:1", "--no-cache",
         "--build-arg", f"BASE={site.base}", "--network", "none"],
        check=False, capture_output=True, text=True, env=site.environment,
    )  # fmt: skip

    assert done.returncode == 4
    assert "error: BuildKit could not build" in done.stderr
