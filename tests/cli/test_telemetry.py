"""Builds are exported when OpenTelemetry's variables name an endpoint, and otherwise never."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.cli.telemetry import telemetry
from lamina.history.database import open_history
from lamina.history.query import Wanted
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support import toys
from tests.support.collector import Collector, plain
from tests.support.tools import LAMINA
from tests.trace.logs_of import LOGS, NAMES

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture
def project(tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(ENDPOINT, collector.origin)
    return locked_project(tmp_path / "project", [ToyWheel()])


def build(project: Path, *words: str) -> toys.Outcome:
    return toys.lamina("build", project, "-t", "app:1", *words, store=project.parent / "store")


def figure(collector: Collector, name: str) -> float:
    (point,) = collector.metrics[name].gauge.data_points
    return float(point.as_double)


def test_any_endpoint_is_enough_unless_all_is_switched_off() -> None:
    for name in (ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        assert telemetry({name: "http://c"}) is not None
        assert telemetry({name: "http://c", "OTEL_SDK_DISABLED": "True"}) is None
        assert telemetry({name: ""}) is None
    assert telemetry({"OTEL_SERVICE_NAME": "x", "TRACEPARENT": "x"}) is None


def test_a_build_is_exported_with_its_steps_and_figures(
    project: Path, collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figures are those that the history has, for a build that is compared with others too."""
    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "history.db"))
    assert build(project).code == 0
    assert figure(collector, "lamina.build.time_hit_ratio") == 0.0

    collector.received.clear()
    done = build(project)

    assert done.code == 0
    assert "OpenTelemetry" not in done.err
    with open_history(str(tmp_path / "history.db")) as history:
        row = history.rows(Wanted())[0]
        record = history.record(row.id)
    root = collector.spans[0]
    assert plain(root.attributes)["cicd.pipeline.task.run.id"] == row.id
    assert {span.name for span in collector.spans[1:]} == {step.name for step in record.steps}
    assert figure(collector, "lamina.build.time_hit_ratio") == row.time_hit == 1.0
    assert figure(collector, "lamina.build.reuse_ratio") == row.reuse == 1.0


def test_a_build_is_exported_where_no_history_is_kept(project: Path, collector: Collector) -> None:
    done = build(project)

    assert done.code == 0
    assert collector.spans[0].name == "build project"
    assert "lamina.build.duration" in collector.metrics
    assert "lamina.build.time_hit_ratio" not in collector.metrics, (
        "there is nothing to compare with"
    )


def test_a_failed_build_is_exported(project: Path, collector: Collector) -> None:
    (project / "pylock.toml").write_text("lock-version = 7")

    done = build(project)

    assert done.code == 3
    found = plain(collector.spans[0].attributes)
    assert found["cicd.pipeline.task.run.result"] == "failure"


def test_a_collector_that_is_not_well_costs_one_line(project: Path, collector: Collector) -> None:
    collector.status = 500

    done = build(project)

    assert done.code == 0
    assert done.err.count("OpenTelemetry") == 1
    assert f"warning: OpenTelemetry: traces are not exported to {collector.origin}" in done.err


def test_a_traced_build_is_exported(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LOGS / NAMES[0]
    monkeypatch.setenv(ENDPOINT, collector.origin)
    monkeypatch.setenv("LAMINA_HISTORY", str(tmp_path / "history.db"))

    done = subprocess.run(
        [*LAMINA, "trace", "--project", "web", "--", "/bin/sh", "-c", f"cat '{log}'"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    found = plain(collector.spans[0].attributes)
    assert (found["lamina.build.kind"], found["lamina.build.project"]) == ("trace", "web")
    assert len(collector.spans) > 3


def test_a_build_without_an_endpoint_loads_nothing_of_it() -> None:
    code = (
        "import sys, lamina.cli.build_command, lamina.cli.recording\n"
        "print([m for m in sys.modules if 'otlp' in m or m in "
        "('statistics', 'lamina.history.rows', 'lamina.history.record')])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
