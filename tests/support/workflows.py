"""A small runner of GitHub's workflows and GitLab's pipelines: each shell step, in order, by bash.

It knows what Lamina's templates use.  Actions are stood in for where later steps see what they did:
artifacts are copied, and everything else that ``uses:`` an action is only noted.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A step that ran: its name, exit code, and both of its outputs."""

    name: str
    code: int
    output: str


@dataclass(kw_only=True)
class Runner:
    """A machine that runs jobs: a checkout in ``workspace``, and the rest below ``folder``.

    ``values`` says what expressions stand for; ``overrides`` replaces variables of the workflow.
    """

    workspace: Path
    folder: Path
    environment: Mapping[str, str]
    values: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        """Where artifacts are kept, each in a folder of its name."""
        return self.folder / "artifacts"

    @property
    def summary(self) -> str:
        """What the steps of all jobs have written into their summaries."""
        return (self.folder / "summary.md").read_text()

    def github(self, text: str, job: str, **matrix: str) -> list[Ran]:
        """Run a job's steps; after one that failed only those that do not mind."""
        workflow = yaml.safe_load(text)
        described = workflow["jobs"][job]
        values = {**self.values, **{f"matrix.{name}": value for name, value in matrix.items()}}
        temporary = self.folder / "temporary"
        temporary.mkdir(parents=True, exist_ok=True)
        variables = dict(self.environment)
        variables |= {
            "GITHUB_ENV": str(self.folder / "env"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(temporary),
        }
        variables |= self._variables({**workflow["env"], **described.get("env", {})}, values)
        values |= {f"env.{name}": text for name, text in variables.items()}
        values |= {"runner.temp": str(temporary), "github.workspace": str(self.workspace)}
        ran: list[Ran] = []
        for step in described["steps"]:
            if any(one.code for one in ran) and "!cancelled()" not in step.get("if", ""):
                continue
            if "uses" in step:
                self._use(step, values)
                continue
            place = step.get("working-directory", workflow["defaults"]["run"]["working-directory"])
            (self.folder / "env").write_text("")
            done = self._bash(
                step["run"],
                Path(self.workspace, _filled(place, values)),
                {**variables, **self._variables(step.get("env", {}), values)},
            )
            ran.append(Ran(name=step["name"], code=done.returncode, output=done.stdout))
            lines = (self.folder / "env").read_text().splitlines()
            variables |= dict(line.split("=", 1) for line in lines)
        return ran

    def gitlab(self, text: str, job: str, **variables: str) -> Ran:
        """Run a job's script, after what is before it."""
        pipeline = yaml.safe_load(text)
        described = pipeline[job]
        before = described.get("before_script", pipeline["default"]["before_script"])
        known = {**self.environment, "CI_PROJECT_DIR": str(self.workspace)}
        given = {**pipeline["variables"], **described.get("variables", {}), **variables}
        for name, value in {**given, **self.overrides}.items():
            known[name] = re.sub(r"\$(\w+)", lambda found: known.get(found[1], ""), str(value))
        script = "\n".join([*before, *described["script"]])
        done = self._bash(script, self.workspace, known)
        return Ran(name=job, code=done.returncode, output=done.stdout)

    def _variables(self, table: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
        return {
            name: self.overrides.get(name, _filled(str(text), values))
            for name, text in table.items()
        }

    def _use(self, step: Mapping[str, Any], values: Mapping[str, str]) -> None:
        action = step["uses"].partition("@")[0]
        given = {name: _filled(str(text), values) for name, text in step.get("with", {}).items()
                 if name in {"name", "path", "sarif_file"}}  # fmt: skip
        match action:
            case "actions/upload-artifact":
                shutil.copytree(given["path"], self.artifacts / given["name"], dirs_exist_ok=True)
            case "actions/download-artifact":
                shutil.copytree(self.artifacts, given["path"], dirs_exist_ok=True)
            case "github/codeql-action/upload-sarif":
                shutil.copy(given["sarif_file"], self.folder / "uploaded.sarif")
            case _:
                pass

    @staticmethod
    def _bash(
        script: str, place: Path, variables: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            check=False,
            cwd=place,
            env=dict(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def scripts(text: str) -> dict[str, str]:
    """List the shell scripts of a workflow or a pipeline, by the names of job and step."""
    document = yaml.safe_load(text)
    found = {
        f"{job}: {step['name']}": step["run"]
        for job, described in document.get("jobs", {}).items()
        for step in described["steps"]
        if "run" in step
    }
    return found | {
        job: "\n".join(described["script"])
        for job, described in document.items()
        if isinstance(described, dict) and "script" in described
    }


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Fill in expressions: those that are known, and the two forms of choosing by platform."""

    def value(found: re.Match[str]) -> str:
        choice = re.fullmatch(r"(\S+) == '(.*?)' && '(.*?)' \|\| '(.*?)'", found[1])
        if choice:
            return choice[3] if values[choice[1]] == choice[2] else choice[4]
        return values[found[1]]

    return _EXPRESSION.sub(value, text)
