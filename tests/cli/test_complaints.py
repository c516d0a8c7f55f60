"""What a user got wrong is said in the user's words, with the right exit code."""

import json
from pathlib import Path

import pytest

from lamina.cli import wiring
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support.toys import Outcome, lamina


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return locked_project(tmp_path / "project", [ToyWheel(), ToyWheel(name="other", files={})])


def build(project: Path, *words: str | Path) -> Outcome:
    return lamina("build", project, *words, store=project.parent / "store")


def settings(project: Path, *lines: str, base: str = "scratch") -> None:
    table = "\n".join(["[tool.lamina]", f'base = "{base}"', *lines, ""])
    (project / "pyproject.toml").write_text(table)


@pytest.mark.parametrize("base", ["scratch", "debian:bookworm", "oci:base"])
@pytest.mark.parametrize("platform", ["linux/s390x", "windows/amd64", "linux/amd64,linux/riscv64"])
@pytest.mark.parametrize("command", ["build", "plan"])
def test_a_platform_that_nothing_is_built_for_is_refused_at_once(
    project: Path, base: str, platform: str, command: str
) -> None:
    settings(project, base=base)
    named = ["-t", "toys"] if command == "build" else []

    done = lamina(command, project, *named, "--platform", platform, store=project.parent / "store")

    assert (done.code, done.out) == (2, "")
    assert f"does not build for {platform.rpartition(',')[2]}" in done.err
    assert "linux/amd64 and linux/arm64 are supported" in done.err
    assert not (project.parent / "store").exists()


def test_a_docker_archive_is_called_one(project: Path, tmp_path: Path) -> None:
    output = f"docker-archive:{tmp_path / 'toys.tar'}"

    done = build(project, "-t", "toys", "-o", output)

    assert f"wrote {output} sha256:" in done.err


def test_a_base_is_found_beside_the_project_and_not_where_lamina_was_started(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(project, base="oci:base:toys")
    monkeypatch.chdir(tmp_path)

    done = build(project, "-t", "toys")

    assert done.code == 3
    assert f"in: {project}/base/index.json" in done.err


@pytest.mark.parametrize("base", ["Debian 12", "oci:", "debian//slim"])
def test_a_base_of_no_kind_is_refused_with_all_kinds(project: Path, base: str) -> None:
    settings(project, base=base)

    done = build(project, "-t", "toys")

    assert done.code == 2
    assert "write debian:SUITE, ubuntu:SUITE, oci:DIRECTORY[:NAME], scratch, or" in done.err


def test_a_label_that_is_no_text_is_named(project: Path) -> None:
    settings(project, 'labels = {a = 1, b = "x", c = [2]}')

    done = build(project, "-t", "toys")

    assert done.code == 3
    assert "tool.lamina.labels: expected a table of texts, and 'a' is a number, 'c' is a list" in (
        done.err
    )


def test_a_waiver_for_nothing_is_an_error_that_guesses_what_was_meant(project: Path) -> None:
    settings(project, 'allow-record-mismatch = ["toy", "Othr", "zlib"]')

    done = build(project, "-t", "toys")

    assert done.code == 3
    assert "no wheel is called 'Othr', did you mean 'other'?" in done.err
    assert "no wheel is called 'zlib'\n" in done.err
    assert "'toy'" not in done.err


def test_a_waiver_may_be_for_another_platform(project: Path) -> None:
    """A lock that leaves a distribution out here may need its waiver there."""
    settings(project, 'allow-record-mismatch = ["toy"]')
    lock = project / "pylock.toml"
    marker = 'name = "toy"\nmarker = "platform_machine == \'aarch64\'"\n'
    lock.write_text(lock.read_text().replace('name = "toy"\n', marker))

    done = build(project, "-t", "toys", "--platform", "linux/amd64,linux/arm64")

    assert done.code == 0, done.err


def test_a_program_that_scratch_lacks_is_named_before_anything_is_started(
    project: Path, tmp_path: Path
) -> None:
    build(project, "-t", "toys")

    done = lamina("run", "toys", store=tmp_path / "store")

    assert done.code == 3
    assert "the image has no program python" in done.err
    assert "scratch" in done.err


def test_a_list_to_lock_that_is_not_there_is_named_with_its_option(
    project: Path, tmp_path: Path
) -> None:
    (project / "pylock.toml").unlink()

    done = lamina("lock", project, "--from", tmp_path / "nope.in", store=tmp_path / "store")

    assert done.code == 3
    assert done.err.splitlines() == [
        "error: there is no such file",
        f"  in: {tmp_path / 'nope.in'}",
        "  try: give --from a requirements file",
    ]


def test_the_risk_of_several_indexes_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://wheels.example.com/simple/")
    monkeypatch.delenv("UV_INDEX_STRATEGY", raising=False)

    with wiring.listening("plain") as step:
        wiring.warn_about_indexes(step)

    said = capsys.readouterr().err
    assert "whoever can publish to one of them can supply yours" in said
    assert "lamina lock" not in said


def test_the_plan_shows_every_layer_of_the_image_in_its_order(
    project: Path, tmp_path: Path
) -> None:
    (project / "main.py").write_text("print()\n")
    store, output = tmp_path / "store", tmp_path / "out"
    plan = lamina("plan", project, store=store)
    done = build(project, "-t", "toys", "-o", f"oci:{output}", "--progress", "rawjson")

    events = [json.loads(line) for line in done.err.splitlines()]
    (decided,) = [event for event in events if event["event"] == "PlanDecided"]
    told = [event["name"] for event in events if event["event"] == "LayerBuilt"]
    shown = [line.split()[2:] for line in plan.out.splitlines() if " MB  " in line]
    assert shown == [
        ["environment", "/opt/venv"],
        ["tiny", "wheels", "other", "1.0,", "toy", "1.0"],
        ["files", "3", "files"],
        ["in", "3", "layers,", "2", "wheels"],
    ]
    assert decided["layers"] == len(told) == 3
    assert sorted(told) == ["lamina: /opt/venv", "lamina: 3 project files",
                            "lamina: other==1.0 toy==1.0"]  # fmt: skip
