"""`lamina bench` from end to end, on toy projects that need no network."""

import argparse
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from lamina.bench.comparison import Scenario
from lamina.bench.native import Native
from lamina.cli import bench_command
from lamina.cli.bench_before import Before, found_before
from lamina.scaffold.marker import marked
from lamina.testing.projects import locked_project
from lamina.testing.registry import InMemoryRegistry
from lamina.testing.wheels import ToyWheel
from tests.support import toys
from tests.support.toys import Outcome

pytestmark = pytest.mark.slow

WHEEL = ToyWheel(name="used", files={"used.py": b"x" * 10_000})
LIGHT = ToyWheel(name="used", files={"used.py": b"x" * 1_000})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = locked_project(tmp_path / "project", (WHEEL,))
    (folder / "app.py").write_text("import used\n")
    return folder


def bench(project: Path, *words: str | Path, path: str | None = None) -> Outcome:
    variables = {} if path is None else {"PATH": path}
    with mock.patch.dict(os.environ, variables):
        return toys.lamina("bench", project, *words, store=project.parent / "store")


def test_lamina_alone_is_measured_with_a_store_of_its_own(project: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}

    done = bench(project, "--alone", "--format", "json", "--chart", tmp_path / "chart.svg")

    assert done.code == 0, done.err
    times, sizes = json.loads(done.out)["sections"]
    assert [row["of"] for row in times["times"]] == ["clean build", "cache hit"]
    assert all(row["after"] > 0 for row in times["times"])
    assert {row["of"]: row["after"] for row in sizes["sizes"]}["dependencies"] > 10_000
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")
    assert not (tmp_path / "store").exists()
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_another_folder_stands_beside(project: Path, tmp_path: Path) -> None:
    lighter = locked_project(tmp_path / "other" / "lighter", (LIGHT,))
    (lighter / "app.py").write_text("import used\n")

    done = bench(project, "--alone", "--also", f"lighter={lighter}", "--format", "json")

    assert done.code == 0, done.err
    total = json.loads(done.out)["sections"][1]["sizes"][-1]
    assert total["after"] - total["after-1"] == pytest.approx(9_000, abs=20)


def test_a_build_of_ci_is_pushed(project: Path) -> None:
    with InMemoryRegistry() as registry:
        words = ("--alone", "--registry", f"{registry.address}/shop", "--format", "json")
        done = bench(project, *words)

    assert done.code == 0, done.err
    times = json.loads(done.out)["sections"][0]["times"]
    assert [row["of"] for row in times] == [*map(str, Scenario)]


def test_all_folders_share_the_memo_of_the_repository(project: Path, tmp_path: Path) -> None:
    """A memo of another key is neither read nor written: the second folder would build cold."""
    lighter = locked_project(tmp_path / "other" / "lighter", (LIGHT,))
    (lighter / "app.py").write_text("import used\n")

    with (
        InMemoryRegistry() as registry,
        mock.patch("lamina.cli.bench_command.Native", wraps=Native) as native,
    ):
        words = ("--alone", "--registry", f"{registry.address}/shop", "--also", f"light={lighter}")
        done = bench(project, *words)

    assert done.code == 0, done.err
    keys = [call.kwargs["memo_key"] for call in native.call_args_list]
    assert len(keys) == 2
    assert keys[0] == keys[1] != ""


def test_another_platform_is_built_and_looked_at(project: Path) -> None:
    done = bench(project, "--alone", "--platform", "linux/arm64", "--format", "json")

    assert done.code == 0, done.err
    assert json.loads(done.out)["sections"][1]["sizes"][-1]["after"] > 10_000


def test_without_docker_the_dockerfile_is_not_measured_and_that_is_said(project: Path) -> None:
    done = bench(project, path="/nowhere")

    assert done.code == 0, done.err
    assert "There is no docker here" in done.out


def test_a_dockerfile_that_is_asked_for_needs_docker(project: Path) -> None:
    done = bench(project, "--naive", path="/nowhere")

    assert done.code == 4
    assert "--alone" in done.err


@pytest.mark.parametrize("words", [("--also", "folder"), ("--also", "=."), ("-f", "missing")])
def test_a_wrong_word_is_a_usage_error(
    project: Path, words: tuple[str, ...], tmp_path: Path
) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\n")
    docker.chmod(0o755)

    assert bench(project, *words, path=str(tmp_path)).code == 2


def test_there_is_at_least_one_round(project: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench(project, "--rounds", "0")


def test_a_build_that_fails_is_named_with_its_last_words(project: Path) -> None:
    shutil.rmtree(project.parent / "wheels")

    done = bench(project, "--alone")

    assert done.code == 4
    assert "a measured build failed" in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--also", "other={empty}"), 3),
        (("--registry", "Not/A:Repository:1"), 2),
        (("--chart", "{empty}/none/chart.svg"), 2),
        (("--platform", "linux/amd64,linux/arm64"), 2),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_built(
    project: Path, tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    """A comparison takes minutes; what would fail at its end has to fail at its beginning."""
    (tmp_path / "empty").mkdir()

    done = bench(project, "--alone", *(word.format(empty=tmp_path / "empty") for word in words))

    assert done.code == code, done.err
    assert "clean build" not in done.err


@contextmanager
def before(project: Path, *words: str) -> Iterator[Before]:
    parser = argparse.ArgumentParser()
    bench_command.add_arguments(parser)
    with found_before(parser.parse_args([str(project), *words])) as found:
        yield found


def test_the_naive_dockerfile_installs_what_another_tool_has_locked(project: Path) -> None:
    """It looked for requirements.txt only, and was then fast at installing nothing."""
    (project / "requirements.txt").unlink(missing_ok=True)
    with before(project, "--naive") as found:
        (lock,) = found.beside

    assert found.words == (f"--build-arg=REQUIREMENTS={lock}",)
    assert found.beside[lock].startswith("used==1.0")


def test_the_naive_dockerfile_installs_a_requirements_txt_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("idna==3.10\n")
    (tmp_path / "app.py").write_text("import idna\n")

    with before(tmp_path, "--naive") as found:
        assert (found.beside, found.words) == ({}, ("--build-arg=REQUIREMENTS=requirements.txt",))


def test_what_lamina_wrote_is_not_what_was_before(project: Path) -> None:
    path = project / "docker/Dockerfile"
    path.parent.mkdir()
    path.write_text(marked("FROM x\n"))

    with before(project) as found, before(project, "-f", str(path)) as asked:
        assert found.label == "one-stage Dockerfile"
        assert "was written by Lamina" in found.notes[0]
        assert asked.dockerfile == path


def test_a_dockerfile_of_somebodys_is_what_was_before(project: Path) -> None:
    (project / "Dockerfile").write_text("FROM x\n")

    with before(project) as found:
        assert (found.dockerfile, found.notes) == (project / "Dockerfile", ())
