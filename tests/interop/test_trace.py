"""``lamina trace`` around real Docker engines: the build is the same, and every figure is true."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import docker_engine
from tests.support.docker_engine import Docker, Kind
from tests.support.shell_base import NAME, import_shell_base
from tests.support.tools import LAMINA

DOCKERFILE = f"""\
FROM {NAME} AS builder
WORKDIR /w
COPY requirements.txt .
RUN echo installing; sleep 1; cat requirements.txt > installed
FROM {NAME}
COPY --from=builder /w /w
COPY src /src
RUN cat /src/app.py; echo warned >&2
"""
FAILING = f"{DOCKERFILE}RUN echo last words; exit 3\n"
STEP = re.compile(r"\[[^\]]*\d/\d\]")
STEPS = 6
"""WORKDIR, COPY and RUN of the builder; COPY, COPY and RUN of the image."""
LAYERED = f"""\
FROM {NAME} AS builder
WORKDIR /opt/venv
COPY requirements.txt .
RUN cat /bin/sh > python
FROM {NAME}
ENV MODE=prod
COPY --from=builder /opt/venv /opt/venv
ARG WORD=hunter2
RUN echo "apt-get install $WORD" > /tmp/installed
COPY src /src
"""


@dataclass
class Project:
    """A folder that an engine builds, with and without us, and a history."""

    docker: Docker
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    def build(self, *options: str, traced: bool = True) -> "subprocess.CompletedProcess[bytes]":
        """Run `docker build` in the folder."""
        client = [str(self.docker.program), "build", "--network=host", *options, "."]
        history = {"LAMINA_HISTORY": str(self.folder.parent / "history.db")}
        return subprocess.run(
            [*LAMINA, "trace", "--", *client] if traced else client,
            check=False,
            capture_output=True,
            cwd=self.folder,
            env={**self.docker.environment, "DOCKER_BUILDKIT": "1", **history, **self.extra},
        )

    def recorded(self) -> dict[str, Any]:
        """Return what is known of the last build."""
        history = {"LAMINA_HISTORY": str(self.folder.parent / "history.db")}
        done = subprocess.run(
            [*LAMINA, "history", "show", "--format", "json"],
            check=True,
            capture_output=True,
            env={**os.environ, **history},
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module", params=["docker-20", "docker-modern"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Docker]:
    """Run Docker 20.10, whose BuildKit prints plain progress, and 26.1, which has rawjson."""
    with running(request.param, tmp_path_factory) as docker:
        yield docker


@contextmanager
def running(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Run an engine with a base image, while the block runs."""
    if not docker_engine.is_there(kind):
        pytest.skip(f"{kind} is not unpacked, or may not be started: run `make tools` as root")
    folder = tmp_path_factory.mktemp(kind)
    with docker_engine.docker_engine(kind, folder) as docker:
        import_shell_base(docker, folder)
        yield docker


@pytest.fixture
def project(engine: Docker, tmp_path: Path) -> Project:
    return made(engine, tmp_path)


def made(engine: Docker, tmp_path: Path) -> Project:
    """Write the files of a project."""
    folder = tmp_path / "shop"
    (folder / "src").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "requirements.txt").write_text(f"xgboost==2.0.2  # {tmp_path}\n")
    (folder / "src" / "app.py").write_text("print('hello')\n")
    return Project(engine, folder)


def raw(project: Project) -> list[str]:
    """Choose what the user asks for when a test wants to see the builder's own words."""
    return [] if project.docker.kind == "docker-20" else ["--progress=rawjson"]


def seconds_in(log: str) -> dict[str, float]:
    """Add up each step's seconds, out of the log alone: of plain lines, or of JSON objects."""
    if log.lstrip().startswith("#"):
        names = dict(re.findall(r"^#(\d+) (\[.*\d/\d\] .*)$", log, flags=re.MULTILINE))
        ends = re.findall(r"^#(\d+) DONE ([\d.]+)s$", log, flags=re.MULTILINE)
        return {names[number]: float(seconds) for number, seconds in ends if number in names}
    spans: dict[str, dict[str, float]] = {}
    for vertex in _vertices(log):
        if "completed" in vertex and not vertex.get("cached"):
            spans.setdefault(vertex["name"], {})[vertex["started"]] = _moment(
                vertex["completed"]
            ) - _moment(vertex["started"])
    return {name: sum(times.values()) for name, times in spans.items() if STEP.match(name)}


def cached_in(log: str) -> set[str]:
    """List the steps that the log calls cached."""
    if log.lstrip().startswith("#"):
        names = dict(re.findall(r"^#(\d+) (\[.*\d/\d\] .*)$", log, flags=re.MULTILINE))
        return {names[n] for n in re.findall(r"^#(\d+) CACHED$", log, re.MULTILINE) if n in names}
    return {v["name"] for v in _vertices(log) if v.get("cached") and STEP.match(v["name"])}


def _vertices(log: str) -> list[dict[str, Any]]:
    decoder, found, text = json.JSONDecoder(), [], log.lstrip()
    while text.startswith("{"):
        value, end = decoder.raw_decode(text)
        found += value.get("vertexes", [])
        text = text[end:].lstrip()
    return found


def _moment(text: str) -> float:
    hours, minutes, seconds = text.rpartition("T")[2].rstrip("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def check_figures(record: dict[str, Any], log: str) -> None:
    """Compare a record with the log of its build, step by step."""
    steps = {s["name"]: s for s in record["steps"] if STEP.match(s["name"])}
    cached, took = cached_in(log), seconds_in(log)
    assert {n for n, s in steps.items() if s.get("outcome") == "cached"} == cached
    assert set(took) <= set(steps)
    for name, seconds in took.items():
        if name not in cached:
            assert steps[name].get("seconds", 0.0) == pytest.approx(seconds, abs=0.001), name
    cacheable = [name for name in steps if not re.search(r"\] FROM ", name)]
    hits = len(cached & set(cacheable))
    assert record["metrics"]["step_hit"] == pytest.approx(hits / len(cacheable))


def test_every_figure_of_a_day_of_builds_is_in_the_logs(project: Project) -> None:
    """Clean, nothing changed, an edit, a dependency: as `docker build` says it itself."""
    hits, seconds = [], []
    for edit in (None, None, "src/app.py", "requirements.txt"):
        if edit:
            with (project.folder / edit).open("a") as file:
                file.write("# edited\n")
        done = project.build("-t", "shop:1", *raw(project))
        record = project.recorded()

        assert done.returncode == 0, done.stderr
        log = done.stderr.decode().rpartition("lamina: ")[0]
        check_figures(record, log)
        assert (record["kind"], record["names"]) == ("trace", ["shop:1"])
        assert record["context_bytes"] > 0
        hits.append(round(record["metrics"]["step_hit"] * STEPS))
        seconds.append(record["phases"].get("execute", 0.0))

    assert hits[0] <= 1, "only WORKDIR, whose parent other tests have built on"
    assert hits[1:] == [STEPS, 4, 1]
    assert seconds[0] > 1
    assert seconds[1] < 0.5
    assert seconds[3] > 1


def test_a_failing_build_fails_as_it_would_without_us(project: Project) -> None:
    (project.folder / "Dockerfile").write_text(FAILING)
    alone = project.build(traced=False)

    done = project.build()

    record = project.recorded()
    (failed,) = [s for s in record["steps"] if s.get("outcome") == "failed"]
    assert done.returncode == alone.returncode == 1
    assert (record["outcome"], failed["log"]) == ("failed", ["last words"])
    assert "exit code: 3" in record["error"]
    assert alone.stderr.splitlines()[-1] == done.stderr.splitlines()[-2], "the line before ours"


def shown(output: bytes) -> set[str]:
    """Reduce plain progress to what does not change between equal builds."""
    text = output.decode().rpartition("lamina: ")[0] or output.decode()
    text = re.sub(r"^#\d+ ", "# ", text, flags=re.MULTILINE)
    text = re.sub(r" \d+\.\ds", "", text)
    text = re.sub(r"\[\S+ 1/4\] FROM", "[1/4] FROM", text)  # either of the stages that share it
    is_varying = re.compile(r"# (sha256:\S+|\.\.\.|building with .*|transferring.*)|")
    return {line for line in text.splitlines() if not is_varying.fullmatch(line)}


def test_the_user_sees_the_lines_that_the_builder_prints(project: Project) -> None:
    """Without the line that names the builder, which rawjson does not have."""
    project.build(traced=False)

    alone, traced = project.build(traced=False), project.build()

    assert shown(traced.stderr) == shown(alone.stderr)
    assert any("[builder 3/4] COPY requirements.txt ." in line for line in shown(traced.stderr))


def test_what_the_builder_writes_to_standard_output_is_untouched(project: Project) -> None:
    """The id that -q prints, and an archive of files."""
    (project.folder / "Dockerfile").write_text("FROM scratch\nCOPY src /src\n")
    for options in (["-q"], ["-o", "-"]):
        alone = project.build(*options, traced=False)

        traced = project.build(*options)

        assert (traced.returncode, traced.stdout) == (0, alone.stdout)
        assert alone.stdout


def test_the_builder_before_buildkit_is_recorded_too(project: Project) -> None:
    project.extra["DOCKER_BUILDKIT"] = "0"
    project.build(traced=False)
    alone = project.build("-t", "shop:old", traced=False)

    traced = project.build("-t", "shop:old")

    record = project.recorded()
    assert (traced.returncode, traced.stdout) == (0, alone.stdout)
    assert (record["engine"], record["names"]) == ("legacy", ["shop:old"])
    assert record["metrics"]["step_hit"] == 1.0


@dataclass
class Image:
    """What `docker image inspect` and `docker history` say; layers with bytes, the oldest first."""

    inspected: dict[str, Any]
    sizes: list[tuple[str, int]]

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.sizes)

    def of(self, instruction: str) -> int:
        """Return the bytes of the one layer that an instruction made."""
        (size,) = [size for created_by, size in self.sizes if instruction in created_by]
        return size


def image_of(docker: Docker, name: str) -> Image:
    (inspected,) = json.loads(docker("image", "inspect", name))
    form = "{{.Size}} {{.CreatedBy}}"
    lines = docker("history", "--no-trunc", "--human=false", "--format", form, name).splitlines()
    sizes = [(text, int(size)) for size, _, text in (line.partition(" ") for line in lines)]
    return Image(inspected, [(text, size) for text, size in reversed(sizes) if size])


def check_layers(record: dict[str, Any], image: Image) -> None:
    """Compare each layer's digest and bytes, and those of the whole, with the engine's."""
    layers = record["layers"]
    assert [layer["digest"] for layer in layers] == image.inspected["RootFS"]["Layers"]
    assert [layer["size"] for layer in layers if layer["size"]] == [s for _, s in image.sizes]
    assert [i["digest"] for i in record["images"]] == [image.inspected["Id"]]
    assert record["images"][0]["size"] == image.bytes


def new_in(record: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Name the layers that the image before had not."""
    known = {layer["digest"] for layer in before["layers"]}
    return [layer["name"] for layer in record["layers"] if layer["digest"] not in known]


def check_two_builds(project: Project, *options: str) -> tuple[dict[str, Any], Image]:
    """Build, edit the source, build again; return the second build and its image."""
    (project.folder / "Dockerfile").write_text(LAYERED)
    project.build("-t", "shop:1", *options)
    before = project.recorded()
    check_layers(before, image_of(project.docker, "shop:1"))
    with (project.folder / "src" / "app.py").open("a") as file:
        file.write("print('edited')\n" * 300)

    assert project.build("-t", "shop:1", *options).returncode == 0
    after = project.recorded()

    image = image_of(project.docker, "shop:1")
    check_layers(after, image)
    assert new_in(after, before) == ["COPY src /src"]
    return after, image


def test_sizes_and_reuse_are_those_of_the_engine_to_the_byte(project: Project) -> None:
    record, image = check_two_builds(project)

    edited = image.of("COPY src /src")
    assert record["metrics"]["image_bytes"] == image.inspected["Size"] == image.bytes
    assert record["metrics"]["pull_bytes"] == edited
    assert record["metrics"]["reuse"] == pytest.approx((image.bytes - edited) / image.bytes)
    base = image.sizes[0][1]
    above = image.bytes - base
    assert record["metrics"]["reuse_above_base"] == pytest.approx((above - edited) / above)


def test_each_layer_is_told_apart_and_knows_its_step(project: Project) -> None:
    """Also the RUN whose text in the log has the argument filled in."""
    record, image = check_two_builds(project)

    steps = {step["id"]: step for step in record["steps"]}
    layers = record["layers"]
    assert [layer["component"] for layer in layers] == [
        "base", "dependencies", "system", "application",
    ]  # fmt: skip
    assert layers[1]["size"] == image.of("COPY /opt/venv") > 100_000
    for layer in layers[1:]:
        assert steps[layer["step"]]["text"] == layer["name"]
        is_cached = steps[layer["step"]].get("outcome") == "cached"
        assert layer.get("cached", False) is is_cached
    assert [layer.get("cached", False) for layer in layers] == [True, True, True, False]


def test_an_image_of_the_builder_before_buildkit_is_described_too(project: Project) -> None:
    project.extra["DOCKER_BUILDKIT"] = "0"

    record, image = check_two_builds(project)

    assert record["metrics"]["image_bytes"] == image.inspected["Size"]
    assert [layer["component"] for layer in record["layers"]][::3] == ["base", "application"]


def test_an_image_that_went_to_a_file_is_not_looked_for(project: Project) -> None:
    """The engine does not have it, even if it has one of the name."""
    project.build("-t", "shop:1", traced=False)

    done = project.build("-t", "shop:1", "-o", f"type=local,dest={project.folder.parent / 'out'}")

    record = project.recorded()
    assert (done.returncode, record.get("outcome", "done")) == (0, "done")
    assert "layers" not in record


def test_in_containerds_store_sizes_are_those_of_the_history(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """`docker image inspect` counts compressed blobs there, `docker history` blocks on disk."""
    with running("docker-modern-containerd", tmp_path_factory) as docker:
        record, image = check_two_builds(made(docker, tmp_path))

    edited = image.of("COPY src /src")
    assert record["metrics"]["pull_bytes"] == edited
    assert record["metrics"]["reuse"] == pytest.approx((image.bytes - edited) / image.bytes)
