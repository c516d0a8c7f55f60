"""For every test: no history is written, and on CI a skip is a failure."""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# How long an example takes says something of the machine, and nothing of the product.
settings.register_profile(
    "lamina", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("lamina")

# No test writes into the history of whoever runs it; those about the history choose a place.
os.environ["LAMINA_HISTORY"] = "off"

# Shared tests of a family say what they compared.
pytest.register_assert_rewrite("tests.history.conformance")

# `make test` says things that are for its own rules, and not for programs that tests start.
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(name, None)

# Nor does one send anything to whoever collects the telemetry of this machine.
for name in [name for name in os.environ if name.startswith(("OTEL_", "TRACE"))]:
    del os.environ[name]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped on CI: {reason}"
    return report


class _OneEngine(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a module of interop tests to one worker, and all other tests one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith("tests/interop/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Keep the tests of an engine together where ``--dist loadscope`` asks for that."""
    return _OneEngine(config, log) if config.getvalue("dist") == "loadscope" else None
