"""A dev image that BuildKit makes is one that `lamina run --dev` takes."""

from pathlib import Path

from tests.interop.test_buildkit import Site, engine, pristine, project, site
from tests.support.process import run
from tests.support.tools import LAMINA

__all__ = ["engine", "pristine", "project", "site"]  # fixtures


def test_a_dev_image_of_buildkit_has_the_tools_and_not_the_sources(
    site: Site,
    project: Path,
) -> None:
    site.lamina("build", project, "--engine", "buildkit", "--target", "dev", "-t", "toy:dev",
                *site.arguments)  # fmt: skip
    project.chmod(0o755)  # the image's user reads it
    (project / "src/toy/__init__.py").write_text('def main():\n    print("from outside")\n')

    code = "import iniconfig, toy; print(toy.__file__); toy.main()"
    told = run(
        *LAMINA, "run", "--dev", "--source", project, "--entrypoint", "python", "toy:dev",
        "-c", code, environment=site.environment,
    )  # fmt: skip

    assert told == "/app/src/toy/__init__.py\nfrom outside\n"
