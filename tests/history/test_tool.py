"""The version that is recorded is the one of the distribution."""

import tomllib

from lamina.history.tool import VERSION
from tests.docs.markdown import ROOT


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert f"{project['name']} {project['version']}" == VERSION
