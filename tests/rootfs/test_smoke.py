"""An image is tried: its distributions import, its service starts and answers."""

from pathlib import Path

import pytest

from lamina.errors import ImageError
from lamina.oci.config import RuntimeConfig
from lamina.rootfs.modules import importable
from lamina.rootfs.smoke import Report, smoke
from lamina.rootfs.trial import Trial

SERVE = RuntimeConfig(
    entrypoint=("/usr/local/bin/python3", "-u", "/srv/serve.py"),
    environment=(("PATH", "/usr/local/bin:/bin"),),
    user="app",
)
URL = "http://127.0.0.1:8000/health"


def shown(report: Report) -> dict[str, bool]:
    return {check.what.split()[-1]: check.ok for check in report.checks}


def test_a_healthy_image_imports_and_answers(machine_root: Path) -> None:
    report = smoke(machine_root, SERVE, Trial(distributions=("good",), health_url=URL))

    assert report.ok
    assert shown(report) == {"good": True, "/srv/serve.py": True}
    assert report.output == ("starting", "asked for /health")
    assert report.checks[-1].detail.startswith(f"200 from {URL} after")


def test_each_import_is_tried_though_others_fail_or_crash(machine_root: Path) -> None:
    trial = Trial(distributions=("Bad.Ones", "good", "absent"), is_started=False)

    report = smoke(machine_root, SERVE, trial)

    results = {check.what: (check.ok, check.detail) for check in report.checks}
    assert results["import absent"] == (False, "the distribution is not in the image")
    assert results["import good"] == (True, "")
    assert results["import crash"][1].startswith("Python ended with exit code 1")
    assert not results["import bad"][0]
    assert "No module named 'nothing_has_this_name' (/usr/local" in results["import bad"][1]


def test_a_service_that_ends_by_itself_is_reported_with_its_last_words(machine_root: Path) -> None:
    runtime = RuntimeConfig(entrypoint=("sh", "-c", "echo no model; exit 5"), user="app")

    report = smoke(machine_root, _with_path(runtime), Trial(health_url=URL))

    assert not report.ok
    assert "it ended by itself with exit code 5" in report.checks[0].detail
    assert report.output == ("no model",)


def test_what_is_loaded_is_recorded_by_whose_it_is(machine_root: Path) -> None:
    """What the program itself loads is told apart from what the checks import."""
    trial = Trial(distributions=("good",), health_url=URL, is_recorded=True)

    report = smoke(machine_root, SERVE, trial)

    assert report.ok
    assert report.output == ("starting", "asked for /health")
    assert report.loaded is not None
    assert report.loaded.modules == {"good": ("good",)}
    assert report.loaded.program == ()
    assert {"http.server", "json", "socket"} <= set(report.loaded.stdlib)


@pytest.mark.slow
def test_a_program_that_loads_a_distribution_uses_it(machine_root: Path) -> None:
    runtime = RuntimeConfig(
        entrypoint=("/usr/local/bin/python3", "-c", "import good, time; time.sleep(9)"),
        environment=SERVE.environment,
        user="app",
    )

    report = smoke(machine_root, runtime, Trial(is_recorded=True, timeout_s=2))

    assert report.loaded is not None
    assert report.loaded.program == ("good",)


def test_nothing_is_recorded_unless_it_is_asked_for(machine_root: Path) -> None:
    assert smoke(machine_root, SERVE, Trial(health_url=URL)).loaded is None


@pytest.mark.slow
def test_a_service_that_never_answers_runs_out_of_time(machine_root: Path) -> None:
    trial = Trial(health_url="http://127.0.0.1:8000/wrong", timeout_s=1)

    report = smoke(machine_root, SERVE, trial)

    assert not report.ok
    assert report.checks[0].detail.startswith("404 from http://127.0.0.1:8000/wrong")


def test_without_a_health_check_a_service_has_to_keep_running(machine_root: Path) -> None:
    assert smoke(machine_root, SERVE, Trial(timeout_s=0.5)).ok


def test_a_command_that_is_not_there_is_a_failed_check(machine_root: Path) -> None:
    runtime = _with_path(RuntimeConfig(entrypoint=("/opt/nothing",), user="app"))

    (check,) = smoke(machine_root, runtime, Trial()).checks

    assert not check.ok
    assert "it does not start" in check.detail


def test_an_image_that_starts_python_alone_is_not_well(machine_root: Path) -> None:
    """Without anybody to type, Python ends at once and with 0, whatever the image holds."""
    runtime = RuntimeConfig(entrypoint=("python3",), environment=SERVE.environment, user="app")

    report = smoke(machine_root, runtime, Trial(may_end=True, may_be_bare=False))
    accepted = smoke(machine_root, runtime, Trial(may_end=True))

    assert not report.ok
    assert "set `entrypoint` in [tool.lamina]" in report.checks[0].detail
    assert accepted.ok
    assert "the image starts Python by itself" in " ".join(accepted.notes)


def test_an_image_without_python_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no Python"):
        smoke(tmp_path, SERVE, Trial())


def test_modules_are_found_as_an_import_statement_would_name_them() -> None:
    record = [
        "six.py",
        "_cffi_backend.cpython-311-x86_64-linux-gnu.so",
        "numpy/__init__.py",
        "numpy/core/__init__.py",
        "google/protobuf/__init__.py",
        "google/protobuf/internal/__init__.py",
        "numpy.libs/libgfortran.so",
        "six-1.0.dist-info/METADATA",
        "../../../bin/f2py",
        "numpy/__pycache__/__init__.cpython-311.pyc",
    ]

    expected = {"six", "_cffi_backend", "numpy", "google.protobuf"}
    assert importable(record) == expected


def _with_path(runtime: RuntimeConfig) -> RuntimeConfig:
    return RuntimeConfig(
        entrypoint=runtime.entrypoint, environment=SERVE.environment, user=runtime.user
    )
