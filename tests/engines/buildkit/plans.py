"""Projects and plans for tests of the Dockerfile."""

from pathlib import Path
from typing import Any

from lamina.engines.buildkit.sketch import sketched
from lamina.plan.plan import BuildPlan
from lamina.project.project import Project
from lamina.project.settings import Settings

MB = 1_000_000
LOCK = """\
--index-url https://index.example/simple
Torch==2.1.0 ; platform_machine == 'x86_64' \\
    --hash=sha256:aa
# a comment
click==8.1.7 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
ruamel.yaml==0.18
"""


def project(**settings: Any) -> Project:
    """Make a project that is a distribution, with a requirements file."""
    directory = Path("/nowhere")
    return Project(
        directory=directory,
        name="shop",
        version="1.0",
        scripts={"shop": "shop:main"},
        requirements=directory / "requirements.txt",
        is_distributable=settings.pop("is_distributable", True),
        settings=Settings(**settings),
    )


def plan(sizes: dict[str, int], of: Project | None = None) -> BuildPlan:
    """Decide a plan for distributions of these sizes."""
    lock = "".join(f"{name}==1.0\n" for name in sizes)
    return sketched(of or project(), lock, sizes)
