"""Pipelines on a machine that has never seen the project: each shell step, with a real registry.

The installed Lamina, the archive, the base, the image, its test, its scan and its push are real.
The forge that gets comments is a small API on the loopback.
"""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.scaffold.workflow import PipelineFacts, github_workflow, gitlab_pipeline
from tests.interop.conftest import needs
from tests.support.forge import Forge, forge
from tests.support.tools import ROOT
from tests.support.workflows import Ran, Runner

FACTS = PipelineFacts(name="greet", pythons=("3.11",))
WORKFLOW = github_workflow(FACTS)
PIPELINE = gitlab_pipeline(FACTS)
CELL = {"python": "3.11", "platform": "linux/amd64"}
MARK = "<!-- lamina -->"
_PROJECT = """\
[project]
name = "greet"
version = "1.0"
dependencies = ["packaging"]

[tool.lamina]
entrypoint = ["python", "greet.py"]

[tool.lamina.budgets]
image-size = "100 MB"
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Make a home and a Python of its own, which finds what Lamina needs, and not Lamina."""
    needs("bwrap")
    needs("jq")
    home = tmp_path_factory.mktemp("home")
    venv.create(home / "venv", symlinks=True)
    site = Path(sysconfig.get_path("purelib"))
    own = home / "venv" / site.relative_to(sys.prefix)
    (own / "needed.pth").write_text(f"{site}\n")
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*wheel, "--wheel-dir", home, ROOT], check=True)
    (built,) = home.glob("lamina-*.whl")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "UV_", "SSL_", "REQUESTS_")) or name.lower().endswith("_proxy")
    }
    path = (str(home / "venv/bin"), str(Path(sys.executable).parent), os.environ["PATH"])
    return {**kept, "HOME": str(home), "PATH": ":".join(path), "WHEEL": str(built)}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, machine: dict[str, str]) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "pyproject.toml").write_text(_PROJECT)
    (folder / "greet.py").write_text(
        'import packaging\n\nprint("hello from", packaging.__name__)\n'
    )
    subprocess.run(
        [sys.executable, "-m", "lamina", "lock", folder], check=True, env=os.environ | machine
    )
    return folder


@pytest.fixture
def comments() -> Iterator[Forge]:
    with forge() as served:
        yield served


@pytest.fixture
def runner(
    tmp_path: Path,
    project: Path,
    machine: dict[str, str],
    loopback_registry: str,
    comments: Forge,
) -> Runner:
    return Runner(
        workspace=project,
        folder=tmp_path,
        environment={
            **machine,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": comments.address,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REPOSITORY": "Octo/Greet",
            "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
        },
        values={
            "github.actor": "octo",
            "github.event.pull_request.number": "7",
            "github.repository": "Octo/Greet",
            "github.run_id": "1",
            "github.server_url": "https://forge.example",
            "secrets.GITHUB_TOKEN": "a-token",
            "secrets.LAMINA_MEMO_KEY": "a-key-of-those-who-build-together",
        },
        overrides={"LAMINA": machine["WHEEL"], "LAMINA_REGISTRY": loopback_registry},
    )


def ended_well(steps: list[Ran], *, but: tuple[str, ...] = ()) -> None:
    """Fail with the output of a step that failed."""
    for step in steps:
        assert step.code == 0 or step.name in but, f"{step.name}:\n{step.output}"


def test_a_push_builds_tests_reports_and_publishes(
    runner: Runner, loopback_registry: str, machine: dict[str, str]
) -> None:
    """What is unsafe here and today is for the scan to say, so its exit code is not ours."""
    built = runner.github(WORKFLOW, "image", **CELL)
    published = runner.github(WORKFLOW, "publish")

    ended_well(built, but=("Scan",))
    assert {step.name for step in built} >= {"Build", "Test", "Hold the budgets", "Scan", "Report"}
    assert json.loads((runner.folder / "uploaded.sarif").read_text())["version"] == "2.1.0"
    kept = runner.artifacts / "report-3.11-amd64"
    assert {path.name for path in kept.iterdir()} >= {
        "report-py3.11-amd64.html", "summary-py3.11-amd64.md", "scan.sarif",
    }  # fmt: skip
    assert "## py3.11-amd64" in runner.summary
    assert "There is no published image to compare with." in runner.summary
    ended_well(published)
    name = f"{loopback_registry}/octo/greet"
    assert f"{name}:latest@sha256:" in runner.summary
    for tag in ("latest", "sha-0123456789ab"):
        shown = lamina(machine, "layers", f"docker://{name}:{tag}", "--platform", "linux/arm64")
        assert "packaging" in shown


def test_a_pull_request_gets_one_comment_that_follows_it(
    runner: Runner, comments: Forge, project: Path
) -> None:
    """The second run compares with the image that is published, and rewrites the first comment."""
    for word in ("hello", "good day"):
        (project / "greet.py").write_text(f'import packaging\n\nprint("{word}", packaging)\n')
        ended_well(runner.github(WORKFLOW, "image", **CELL), but=("Scan",))
        ended_well(runner.github(WORKFLOW, "comment"))

    (comment,) = comments.items["/repos/Octo/Greet/issues/7/comments"]
    assert comment["body"].startswith(MARK)
    assert "## py3.11-amd64" in comment["body"]
    assert [call[0] for call in comments.calls if call[0] != "GET"] == ["POST", "PATCH"]
    assert {call[2] for call in comments.calls} == {"Bearer a-token"}


def test_a_failed_test_still_leaves_a_report(runner: Runner, project: Path) -> None:
    """Steps that need a good image are left out, and those that tell are not."""
    good = (project / "greet.py").read_text()
    (project / "greet.py").write_text("import sys\n\nsys.exit('no')\n")

    steps = runner.github(WORKFLOW, "image", **CELL)

    (project / "greet.py").write_text(good)
    codes = {step.name: step.code for step in steps}
    assert codes["Test"] != 0
    assert codes["Report"] == 0
    assert (runner.artifacts / "report-3.11-amd64" / "summary-py3.11-amd64.md").exists()


def test_the_weekly_run_looks_at_the_base(runner: Runner) -> None:
    ended_well(runner.github(WORKFLOW, "base"))

    assert "## Base" in runner.summary


def test_a_weekly_run_that_fails_has_one_issue(runner: Runner, comments: Forge) -> None:
    for _ in range(2):
        ended_well(runner.github(WORKFLOW, "alert"))

    (issue,) = comments.items["/repos/Octo/Greet/issues"]
    assert issue["title"] == "The weekly build of the image failed"
    assert "https://forge.example/Octo/Greet/actions/runs/1" in issue["body"]
    (again,) = comments.items[f"/repos/Octo/Greet/issues/{issue['number']}/comments"]
    assert "actions/runs/1" in again["body"]


def test_a_pipeline_of_gitlab_does_the_same(
    runner: Runner, loopback_registry: str, comments: Forge, machine: dict[str, str]
) -> None:
    name = f"{loopback_registry}/octo/lab"
    given = {
        "CI_REGISTRY": loopback_registry,
        "CI_REGISTRY_IMAGE": name,
        "CI_COMMIT_SHORT_SHA": "01234567",
        "CI_API_V4_URL": comments.address,
        "CI_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_IID": "9",
        "GITLAB_TOKEN": "a-token",
        "LAMINA": machine["WHEEL"],
    }

    built = runner.gitlab(PIPELINE, "build", PYTHON="3.11", ARCH="amd64", **given)
    published = runner.gitlab(PIPELINE, "publish", **given)
    told = [runner.gitlab(PIPELINE, "comment", **given) for _ in range(2)]
    base = runner.gitlab(PIPELINE, "base", **given)

    report = runner.workspace / ".lamina/report"
    bill = json.loads((report / "gl-sbom-py3.11-amd64.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX", built.output
    assert "lamina_build_" in (report / "metrics.txt").read_text()
    ended_well([published, *told])
    assert base.code in {0, 1}
    assert "packaging" in lamina(machine, "layers", f"docker://{name}:latest")
    (note,) = comments.items["/projects/5/merge_requests/9/notes"]
    assert "## Python 3.11, linux/amd64" in note["body"]


def lamina(machine: dict[str, str], *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "lamina", *words],
        check=True, capture_output=True, text=True, env=os.environ | machine,
    ).stdout  # fmt: skip
