"""What is tried follows from the project and the image; how it ends is judged by what it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from lamina.oci.config import Healthcheck, RuntimeConfig
from lamina.oci.platform import Platform
from lamina.project.project import Project
from lamina.project.settings import Settings
from lamina.rootfs.smoke import smoke
from lamina.rootfs.trial import Trial, image_trial, project_trial

AMD64 = Platform.parse("linux/amd64")
ENVIRONMENT = (("PATH", "/usr/local/bin:/bin"),)
SERVE = RuntimeConfig(
    entrypoint=("/usr/local/bin/python3", "-u", "/srv/serve.py"),
    environment=ENVIRONMENT,
    user="app",
)
ASK = "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/{}')"


def shell(script: str) -> RuntimeConfig:
    return RuntimeConfig(entrypoint=("sh", "-c", script), environment=ENVIRONMENT, user="app")


def of(project: Project, runtime: RuntimeConfig = SERVE, *, python: str = "3.11") -> Trial:
    return project_trial(project, runtime, AMD64, python=python)


def test_a_project_names_what_it_declares_for_the_images_python(tmp_path: Path) -> None:
    dependencies = ("one>=1", 'two; python_version < "3.11"', 'one; sys_platform == "linux"')
    project = Project(directory=tmp_path, name="shop", dependencies=dependencies)

    assert of(project).distributions == ("one",)
    assert of(project, python="3.10").distributions == ("one", "two")


def test_a_requirements_file_counts_where_the_project_lists_nothing(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text('one==1\ntwo==2; sys_platform == "win32"\nthree\n')
    project = Project(directory=tmp_path, name="shop", requirements=path)

    assert of(project).distributions == ("one", "three")
    assert of(replace(project, dependencies=("four",))).distributions == ("four",)
    assert of(replace(project, requirements=tmp_path / "pylock.toml")).distributions == ()


def test_the_projects_own_distribution_is_tried_if_it_makes_one(tmp_path: Path) -> None:
    project = Project(directory=tmp_path, name="shop")

    assert of(project).own == ""
    assert of(replace(project, is_distributable=True)).own == "shop"


def test_python_alone_is_no_program_unless_the_project_says_so(tmp_path: Path) -> None:
    project = Project(directory=tmp_path, name="shop")
    said = replace(project, settings=Settings(entrypoint=("python",)))

    assert not of(project).may_be_bare
    assert of(said).may_be_bare
    assert image_trial(SERVE).may_be_bare


def test_a_service_has_a_port_or_a_health_check(tmp_path: Path) -> None:
    project = Project(
        directory=tmp_path, name="shop", settings=Settings(port=8000, healthcheck="/health")
    )
    runtime = replace(SERVE, ports=(8000,))

    assert of(project, runtime).health_url == "http://127.0.0.1:8000/health"
    assert not of(project, runtime).may_end
    assert not of(Project(directory=tmp_path, name="shop"), runtime).may_end
    assert of(Project(directory=tmp_path, name="shop")).may_end


@pytest.mark.parametrize(
    ("test", "command"),
    [
        (("CMD", "python", "-c", "x"), ("python", "-c", "x")),
        (("CMD-SHELL", "curl x || exit 1"), ("/bin/sh", "-c", "curl x || exit 1")),
        (("NONE",), ()),
        ((), ()),
    ],
)
def test_an_image_alone_tells_its_health_check(
    test: tuple[str, ...], command: tuple[str, ...]
) -> None:
    trial = image_trial(replace(SERVE, healthcheck=Healthcheck(test=test)))

    assert (trial.health_command, trial.may_end) == (command, not command)


def test_a_command_line_program_that_ends_with_0_is_well(machine_root: Path) -> None:
    (check,) = smoke(machine_root, shell("exit 0"), Trial(may_end=True)).checks

    assert check.ok
    assert check.detail.startswith("it ended with exit code 0 after ")


@pytest.mark.parametrize(
    ("script", "trial"), [("exit 0", Trial()), ("exit 2", Trial(may_end=True))]
)
def test_a_service_that_ends_and_a_program_that_fails_are_not(
    machine_root: Path, script: str, trial: Trial
) -> None:
    report = smoke(machine_root, shell(script), trial)

    assert not report.ok
    assert "it ended by itself with exit code" in report.checks[0].detail


def test_an_images_own_health_check_is_run_inside(machine_root: Path) -> None:
    trial = Trial(health_command=("/usr/local/bin/python3", "-c", ASK.format("health")))

    (check,) = smoke(machine_root, SERVE, trial).checks

    assert check.ok
    assert check.detail.startswith("its health check is content after ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/usr/local/bin/python3", "-c", ASK.format("x")), "ended with exit code 1"),
        (("/opt/nothing",), "does not start"),
    ],
)
def test_a_health_check_that_stays_unhappy_is_reported(
    machine_root: Path, command: tuple[str, ...], said: str
) -> None:
    report = smoke(machine_root, SERVE, Trial(health_command=command, timeout_s=4))

    assert not report.ok
    assert f"its health check {said}" in report.checks[0].detail


def test_the_own_distribution_is_imported_where_it_is_there(machine_root: Path) -> None:
    def names(own: str) -> list[str]:
        report = smoke(machine_root, SERVE, Trial(own=own, is_started=False))
        return [check.what for check in report.checks]

    assert names("good") == ["import good"]
    assert names("absent") == []
