"""The workload as Lamina recommends it: weigh's advice and a diet, on a copy of the example."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from tests.support.process import run
from tests.support.tools import LAMINA
from tests.support.workload import copy_of_the_example

# Bytecode stays out, as it does by default: the smallest image is wanted.
_DIET = """
[tool.lamina.diet]
tests = true
stubs = true
headers = true
static-libraries = true
sources = true
source-maps = true
notebooks = true
debug-symbols = true
locales = []
stdlib = ["_codecs_cn", "_codecs_hk", "_codecs_jp", "_codecs_kr", "_codecs_tw", "_pydecimal"]
drop = [
  "numpy/core/_simd.*",
  "plotly/package_data",
  "pyarrow/_flight*", "pyarrow/flight.py", "pyarrow/libarrow_*flight*",
  "pyarrow/_substrait*", "pyarrow/libarrow_substrait*", "pyarrow/substrait.py",
]
"""


def lighter_workload(folder: Path, environment: Mapping[str, str] | None = None) -> Path:
    """Copy the example to ``folder``, follow weigh's advice, lock it, and put it on a diet.

    ``environment`` names the store that remembers the wheels' sizes (default: the user's own).
    """
    project = copy_of_the_example(folder)
    path = project / "pyproject.toml"
    _follow_weigh(project, environment or os.environ)
    # xgboost 2.1 goes with the shap after it; the extra is the heaviest that weigh lists.
    _replace(path, "shap==0.43.0", "shap==0.44.1")
    _replace(path, "uvicorn[standard]", "uvicorn")
    run(*LAMINA, "lock", project, environment=environment)
    with path.open("a", encoding="utf-8") as file:
        file.write(_DIET)
    return project


def _follow_weigh(project: Path, environment: Mapping[str, str]) -> None:
    """Drop what is never imported, and take the lighter equivalents of other versions too."""
    text = run(
        *LAMINA, "weigh", project, "--platform", "linux/amd64", "--format", "json",
        environment=environment,
    )  # fmt: skip
    sections = {section["key"]: section for section in json.loads(text)["sections"]}
    drops = [word for row in sections["savings"]["unused"] for word in ("--drop", row["name"])]
    run(
        *LAMINA, "weigh", project, "--apply", "--other-versions", "--write", *drops,
        environment=environment,
    )  # fmt: skip


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise RuntimeError(f"{old} is not in {path}")
    path.write_text(text.replace(old, new), encoding="utf-8")
