"""``lamina test`` without a project tries what the image alone tells."""

from pathlib import Path

import pytest

from lamina.cli import test_command as command
from lamina.oci.config import RuntimeConfig
from lamina.project.loaded import Loaded, read_loaded
from lamina.rootfs.smoke import Check, Report
from lamina.rootfs.trial import Trial
from lamina.testing.projects import locked_project
from lamina.testing.wheels import ToyWheel
from tests.support.toys import lamina


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """Start nothing, and keep what would have been tried."""
    found: list[Trial] = []

    def smoke(root: Path, runtime: RuntimeConfig, trial: Trial) -> Report:
        del root, runtime
        found.append(trial)
        loaded = Loaded(modules={"toy": ("toy",)}) if trial.is_recorded else None
        return Report(checks=(Check(what="start", ok=trial.timeout_s > 1),), loaded=loaded)

    monkeypatch.setattr(command, "smoke", smoke)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = locked_project(
        tmp_path / "project", [ToyWheel()], settings='port = 8000\nhealthcheck = "/well"'
    )
    done = lamina("build", folder, "-t", "toys", store=tmp_path / "store")
    assert done.code == 0, done.err
    return folder


@pytest.mark.usefixtures("project")
def test_outside_of_a_project_the_images_own_health_check_is_asked(
    tmp_path: Path, tried: list[Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")

    done = lamina("test", "toys", store=tmp_path / "store")

    assert done.code == 0, done.err
    assert "imports were skipped" in done.out
    assert tried[0].health_command[:2] == ("/opt/venv/bin/python", "-c")
    assert "http://127.0.0.1:8000/well" in tried[0].health_command[2]


def test_what_was_loaded_is_written_down_if_all_is_well(
    tmp_path: Path, project: Path, tried: list[Trial]
) -> None:
    store, out = tmp_path / "store", tmp_path / "loaded.json"

    failed = lamina("test", "toys", project, "--loaded", out, "--timeout", "1", store=store)
    was_written = out.exists()
    done = lamina("test", "toys", project, "--loaded", out, store=store)
    nowhere = lamina("test", "toys", project, "--loaded", out / "x.json", store=store)

    assert (failed.code, was_written, done.code, nowhere.code) == (1, False, 0, 4)
    assert "loaded.json was not written" in failed.out
    assert read_loaded(out).modules == {"toy": ("toy",)}
    assert [trial.is_recorded for trial in tried] == [True] * 3


@pytest.mark.usefixtures("project")
def test_a_folder_that_is_named_has_to_be_a_project(tmp_path: Path, tried: list[Trial]) -> None:
    (tmp_path / "empty").mkdir()

    done = lamina("test", "toys", tmp_path / "empty", store=tmp_path / "store")

    assert (done.code, tried) == (3, [])
    assert "not a Python project" in done.err


def test_in_a_projects_folder_the_project_is_asked(
    tmp_path: Path, project: Path, tried: list[Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)

    done = lamina("test", "toys", store=tmp_path / "store")

    assert (done.code, "skipped" in done.out) == (0, False)
    assert tried[0].health_url == "http://127.0.0.1:8000/well"


def test_a_module_that_is_not_found_is_looked_for_in_the_project(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def smoke(*_: object) -> Report:
        return Report(
            checks=(Check(what="start", ok=False),),
            output=("ModuleNotFoundError: No module named 'idna'",),
        )

    monkeypatch.setattr(command, "smoke", smoke)
    (project / "requirements-prod.txt").write_text("idna\n")

    done = lamina("test", "toys", project, store=tmp_path / "store")

    assert done.code == 1
    assert "note  requirements-prod.txt lists idna, and the image is built from" in done.out
