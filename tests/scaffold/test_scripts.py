"""The scripts: what they call, in which order, and how they end; Lamina is a stand-in here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.scaffold.scaffold import Facts, scaffold

_SHELLCHECK = Path(sys.executable).parent / "shellcheck"
_FAKE = """\
#!/bin/sh
echo "$*" >>"$CALLS"
case "$1" in
build | push)
    case "$*" in *r/shop*) test -z "$LATER" || { echo "$LATER"; exit 0; } ;; esac
    echo sha256:ab
    case "$*" in *--no-cache*) test -z "$OTHER" || echo "$OTHER" ;; esac
    ;;
esac
case "$1" in "$FAILS") exit 1 ;; esac
"""


class Project:
    """A folder with the scripts and a stand-in for Lamina that notes its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for change in scaffold(Facts(name="shop"), {}, is_forced=False):
            path = folder / change.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(change.new)
            path.chmod(0o755)
        programs = folder / "bin"
        programs.mkdir()
        self.program("lamina", _FAKE)
        self.program("docker", "#!/bin/sh\nexit 1\n")

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(self.folder / "calls"),
            **variables,
        }
        return subprocess.run(
            words, cwd=self.folder, env=environment, check=False, capture_output=True, text=True
        )

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_development_build_is_tried_and_measured(project: Project) -> None:
    done = project.run("./scripts/build.sh", "dev", "shop:dev")

    assert done.returncode == 0, done.stderr
    assert project.calls == [
        "build . -t shop:dev --target dev",
        "test shop:dev . --timeout 60",
        "size --by component shop:dev",
        "stats --image shop:dev --limit 10",
    ]


def test_a_production_build_is_verified_too_and_has_names_of_its_own(project: Project) -> None:
    project.run("./scripts/build.sh")

    assert project.calls[:3] == [
        "build . -t shop:latest",
        "test shop:latest . --timeout 60",
        "verify --quick shop:latest .",
    ]


def test_a_fast_build_is_not_tried(project: Project) -> None:
    project.run("make", "docker-build-fast")

    assert [call.split()[0] for call in project.calls] == ["build", "size", "stats"]


def test_an_image_that_is_not_well_fails_the_script(project: Project) -> None:
    done = project.run("./scripts/build.sh", "prod", FAILS="test")

    assert done.returncode == 1
    assert not any(call.startswith("verify") for call in project.calls)


def test_without_a_history_the_build_is_done_all_the_same(project: Project) -> None:
    assert project.run("./scripts/build.sh", "prod", FAILS="stats").returncode == 0


def test_a_running_docker_gets_the_image(project: Project) -> None:
    project.program("docker", "#!/bin/sh\nexit 0\n")

    project.run("./scripts/build.sh", "prod")
    project.run("./scripts/build.sh", "prod", LOAD="no")

    builds = [call for call in project.calls if call.startswith("build")]
    assert builds == ["build . -t shop:latest --load", "build . -t shop:latest"]


def test_engine_platform_and_lamina_are_variables(project: Project) -> None:
    project.program("mine", f'#!/bin/sh\nexec "{project.folder}/bin/lamina" "$@"\n')

    project.run("make", "docker-build-fast", "ENGINE=buildkit", "LAMINA=mine", "IMAGE=r/shop:2",
                PLATFORM="linux/arm64", BUILD_OPTIONS="--network host")  # fmt: skip

    assert project.calls[0] == (
        "build . -t r/shop:2 --network host --platform linux/arm64 --engine buildkit"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("build.sh", "staging"),
        ("build.sh", "dev", "a", "b"),
        ("build.sh", "--nonsense"),
        ("build-prod.sh", "a", "b"),
        ("build-prod.sh", "--push"),
        ("build-prod.sh", "--nonsense"),
    ],
)
def test_wrong_usage_is_said_with_exit_code_2(project: Project, words: tuple[str, ...]) -> None:
    done = project.run(f"./scripts/{words[0]}", *words[1:])

    assert done.returncode == 2
    assert "usage: scripts/" in done.stderr
    assert project.calls == []


@pytest.mark.parametrize("name", ["build.sh", "build-prod.sh"])
def test_help_is_help(project: Project, name: str) -> None:
    done = project.run(f"./scripts/{name}", "--help")

    assert done.returncode == 0
    assert "exit codes:" in done.stdout


def test_a_release_is_built_twice_verified_tried_scanned_and_listed(project: Project) -> None:
    done = project.run("./scripts/build-prod.sh", "shop:latest")

    assert done.returncode == 0, done.stderr
    assert [call.split()[0] for call in project.calls] == [
        "build", "build", "verify", "test", "scan", "sbom", "sbom", "size", "stats",
    ]  # fmt: skip
    assert "--no-cache" in project.calls[1]
    assert (project.folder / ".lamina/reports/scan.txt").exists()
    assert "reproducible: sha256:ab" in done.stdout


def test_two_builds_that_differ_are_an_error(project: Project) -> None:
    done = project.run("./scripts/build-prod.sh", OTHER="sha256:cd")

    assert done.returncode == 1
    assert "two builds differ" in done.stderr
    assert not any(call.startswith("test") for call in project.calls)


def test_findings_are_shown_and_count_when_strict(project: Project) -> None:
    loose = project.run("./scripts/build-prod.sh", FAILS="scan")
    pushed = project.run("./scripts/build-prod.sh", "--strict", "--push", "r", FAILS="scan")

    assert (loose.returncode, pushed.returncode) == (0, 1)
    assert "scan: exit code 1" in loose.stdout
    assert not any("--push" in call for call in project.calls)


def test_a_push_goes_to_the_registry_with_its_bills(project: Project) -> None:
    done = project.run("./scripts/build-prod.sh", "shop:1", "--push", "registry.example.com/team/")

    name = "registry.example.com/team/shop:1"
    assert f"build . -t {name} --push --sbom" in project.calls
    assert f"pushed: {name}@sha256:ab" in done.stdout


def test_what_buildkit_built_is_pushed_and_not_built_again(project: Project) -> None:
    project.run("./scripts/build-prod.sh", "--push", "r", ENGINE="buildkit", PUSH_OPTIONS="--check")

    assert "push shop:latest r/shop:latest --check" in project.calls
    assert [call.split()[0] for call in project.calls].count("build") == 2


@pytest.mark.parametrize("engine", ["native", "buildkit"])
def test_only_what_was_tested_is_pushed(project: Project, engine: str) -> None:
    done = project.run("./scripts/build-prod.sh", "--push", "r", ENGINE=engine, LATER="sha256:cd")

    assert done.returncode == 1
    assert "tested" in done.stderr
    if engine == "native":  # it is known beforehand
        assert not any("--push" in call for call in project.calls)


def test_docker_tries_what_it_was_given(project: Project) -> None:
    project.program("docker", "#!/bin/sh\nexit 0\n")

    project.run("./scripts/build-prod.sh")

    assert "test docker-daemon:shop:latest . --timeout 60 --engine docker" in project.calls


def test_reports_are_not_seen_by_git(project: Project) -> None:
    project.run("./scripts/build-prod.sh")

    assert (project.folder / ".lamina/.gitignore").read_text() == "*\n"


@pytest.mark.skipif(not _SHELLCHECK.exists(), reason="shellcheck is not installed")
@pytest.mark.parametrize("name", ["build.sh", "build-prod.sh"])
def test_shellcheck_has_nothing_to_say(project: Project, name: str) -> None:
    done = project.run(str(_SHELLCHECK), f"scripts/{name}")

    assert done.stdout == ""
