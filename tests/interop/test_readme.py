"""README.md's commands run, and the demonstration does what it says."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import ROOT, blocks
from tests.support.process import run
from tests.support.tools import EXAMPLE
from tests.support.workload import Workload

_NOT_HERE = "git clone "
_BUDGETS = '\n[tool.lamina.budgets]\nimage-size = "900 MB"\n'


def test_every_command_works_as_shown(
    workload: Workload, loopback_registry: str, tmp_path: Path
) -> None:
    """On a copy of the workload, with a registry here in the place of the example's."""
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".*_cache"))
    (project / "src/app.py").write_text("import aml_agent\n")
    with (project / "pyproject.toml").open("a") as settings:
        settings.write(_BUDGETS)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [body for _, body in blocks(text, "sh") if _NOT_HERE not in body]
    script = "".join(shown).replace("registry.example/", f"{loopback_registry}/")
    environment = {
        **workload.environment,
        "LAMINA_HISTORY": str(tmp_path / "history.db"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }

    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=project, env=environment, check=False, timeout=600, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert len(shown) > 1
    assert (project / "builds.html").read_text().startswith("<!doctype html>")


def test_the_demonstration_trains_a_model_in_the_image(workload: Workload, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    said = run(
        sys.executable, ROOT / "scripts/demo.py", "--image", "aml-agent:demo",
        "--layout", tmp_path / "layout", "--port", str(port), environment=workload.environment,
    )  # fmt: skip

    assert "== train and predict" in said
    assert (tmp_path / "layout/index.json").is_file()
