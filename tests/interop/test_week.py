"""A week of the workload's builds: every figure of the history is in the events of its build.

The figures are computed here a second time, from the raw events that `--progress rawjson` prints.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.support import registry as real_registry
from tests.support.tools import LAMINA
from tests.support.workload import Workload, bump, copy_of_the_example

NAME = "week/app:main"


@dataclass
class Day:
    """One build: what it printed, and what the history says of it."""

    what: str
    events: list[dict[str, Any]]
    record: dict[str, Any]

    def facts(self, kind: str) -> list[dict[str, Any]]:
        """List the events of a kind, in order."""
        return [event for event in self.events if event["event"] == kind]

    @property
    def layers(self) -> dict[str, dict[str, Any]]:
        """The image's layers as the events tell of them, by digest."""
        return {event["digest"]: event for event in self.facts("LayerBuilt")}


@dataclass
class Week:
    """A project, a registry and a history that fills."""

    project: Path
    folder: Path
    environment: Mapping[str, str]
    registry: str
    days: list[Day] = field(default_factory=list)

    def build(self, what: str, *words: str, fails: bool = False) -> None:
        """Build and push once, and read the history's newest record."""
        done = subprocess.run(
            [*LAMINA, "build", self.project, "-t", f"{self.registry}/{NAME}", "--push",
             "--progress", "rawjson", *words],
            check=False, capture_output=True, text=True, env=dict(self.environment),
        )  # fmt: skip
        assert (done.returncode != 0) == fails, done.stderr[-2000:]
        lines = (line for line in done.stderr.splitlines() if line.startswith("{"))
        events = [json.loads(line) for line in lines]
        self.days.append(Day(what, events, self.history("show", "--format", "json")))

    def history(self, *words: str) -> Any:
        """Ask the history."""
        done = subprocess.run(
            [*LAMINA, "history", *words],
            check=True, capture_output=True, text=True, env=dict(self.environment),
        )  # fmt: skip
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def week(
    workload: Workload,  # noqa: ARG001 - it skips where the example cannot be built
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Week]:
    folder = tmp_path_factory.mktemp("week")
    project = copy_of_the_example(folder / "project")
    (folder / "registry").mkdir()
    environment = {
        **os.environ,
        "LAMINA_STORE": str(folder / "store"),
        "LAMINA_HISTORY": str(folder / "history.db"),
    }
    if not real_registry.PROGRAM.exists():
        pytest.skip("docker-registry is not unpacked: run `make tools` as root")
    with real_registry.registry(folder / "registry") as address:
        found = Week(project, folder, environment, address)
        found.build("clean")
        found.build("nothing changed")
        for number in range(2):
            with (project / "src/aml_agent/errors.py").open("a") as file:
                file.write(f"\n# edit {number}\n")
            found.build("source edit")
        bump(project, "tqdm", "4.67.1", folder=folder)
        found.build("one dependency")
        settings = project / "pyproject.toml"
        text = settings.read_text()
        settings.write_text(text.replace("[tool.lamina]", '[tool.lamina]\npython = "3.9"'))
        found.build("failing", fails=True)
        settings.write_text(text)
        found.build("repaired")
        yield found


def test_every_build_of_the_week_is_there_in_order(week: Week) -> None:
    rows = week.history("--format", "json")

    assert [row["id"] for row in reversed(rows)] == [day.record["id"] for day in week.days]
    outcomes = [day.record.get("outcome", "done") for day in week.days]
    assert outcomes == ["done"] * 5 + ["failed", "done"]


def test_seconds_are_those_of_the_events(week: Week) -> None:
    for day in week.days:
        (began,) = [e["time"] for e in day.facts("StepStarted") if e["step"] == "0"]
        (ended,) = [e["time"] for e in day.facts("StepFinished") if e["step"] == "0"]

        assert day.record["seconds"] == pytest.approx(ended - began, abs=0.001), day.what


def test_each_steps_seconds_are_those_of_its_events(week: Week) -> None:
    for day in week.days:
        began = {e["step"]: e["time"] for e in day.facts("StepStarted")}
        took = {e["step"]: e["time"] - began[e["step"]] for e in day.facts("StepFinished")}
        steps = {step["id"]: step.get("seconds", 0.0) for step in day.record.get("steps", ())}

        shared = [step for step in steps if step in took]
        assert shared, day.what
        for step in shared:
            assert steps[step] == pytest.approx(took[step], abs=0.001), (day.what, step)


def test_layers_and_image_size_are_those_of_the_events(week: Week) -> None:
    for day in week.days:
        rows = {row["digest"]: row for row in day.record.get("layers", ())}

        assert rows.keys() == day.layers.keys(), day.what
        for digest, event in day.layers.items():
            assert rows[digest]["size"] == event["size"]
            assert rows[digest].get("cached", False) == event["cached"]
            assert rows[digest]["component"] == event["component"]
        for image in day.facts("ImageBuilt"):
            assert image["size"] == sum(event["size"] for event in day.layers.values())


def test_bytes_downloaded_and_pushed_are_those_of_the_events(week: Week) -> None:
    for day in week.days:
        fetched = sum(event["size"] for event in day.facts("WheelFetched"))
        transfers = [(e["digest"], e["size"], e["transfer"]) for e in day.facts("BlobTransferred")]

        assert sum(row["bytes"] for row in day.record.get("wheels", ())) == fetched, day.what
        kept = [(r["digest"], r["size"], r["how"]) for r in day.record.get("transfers", ())]
        assert sorted(kept) == sorted(transfers), day.what


def test_a_build_in_which_nothing_changed_hits_all_the_time(week: Week) -> None:
    """By time and by steps: Docker's own counter calls such a build half cached."""
    (day,) = [day for day in week.days if day.what == "nothing changed"]

    assert day.record["metrics"]["step_hit"] == 1.0
    assert day.record["metrics"]["time_hit"] == 1.0


def test_reuse_is_the_share_of_bytes_that_the_image_before_had(week: Week) -> None:
    done = [day for day in week.days if day.record.get("outcome", "done") == "done"]
    for before, day in pairwise(done):
        shared = sum(event["size"] for d, event in day.layers.items() if d in before.layers)
        total = sum(event["size"] for event in day.layers.values())

        assert day.record["metrics"]["reuse"] == pytest.approx(shared / total), day.what


def test_the_pull_delta_is_what_the_image_before_lacked(week: Week) -> None:
    done = [day for day in week.days if day.record.get("outcome", "done") == "done"]
    for before, day in pairwise(done):
        new = sum(event["size"] for d, event in day.layers.items() if d not in before.layers)

        assert day.record["metrics"]["pull_bytes"] == new, day.what


def test_the_failing_build_says_why(week: Week) -> None:
    (day,) = [day for day in week.days if day.what == "failing"]

    assert "wants 3.9" in day.record["error"]


def test_the_time_weighted_hit_rate_follows_from_what_steps_cost_before(week: Week) -> None:
    """A layer costs its seconds, and those of what was fetched or built for it.

    Of its runs so far the median counts.
    """
    runs: dict[str, list[float]] = {}
    for day in week.days:
        steps = day.record.get("steps", ())
        made = {s["id"]: s.get("seconds", 0.0) for s in steps if s["kind"] in {"fetch", "wheel"}}
        took, hit = {}, {}
        for step in (step for step in steps if step["kind"] == "layer"):
            inputs = sum(made.get(id_, 0.0) for id_ in step.get("inputs", ()))
            took[step["text"]] = step.get("seconds", 0.0) + inputs
            hit[step["text"]] = step.get("outcome") == "cached"
        cost = {text: median(runs[text]) if text in runs else took[text] for text in took}
        if sum(cost.values()):
            expected = sum(cost[text] for text in cost if hit[text]) / sum(cost.values())
            assert day.record["metrics"]["time_hit"] == pytest.approx(expected, abs=0.01), day.what
        for text in (text for text in took if not hit[text]):
            runs.setdefault(text, []).append(took[text])
