"""The base that the peers' Dockerfiles start from: Debian's own packages, and no registry."""

import subprocess
from pathlib import Path

from tests.support.docker_engine import Docker
from tests.support.process import run

NAME = "bench-base:3.11"
_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"


def import_base(docker: Docker, folder: Path) -> str:
    """Make a minimal bookworm with Python and pip, and import it; return its name."""
    tarball = folder / "base.tar"
    mirrors = run(
        "apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Codename: bookworm"
    )
    subprocess.run(
        ["mmdebstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", tarball,
         mirrors.split()[0]],
        check=True, capture_output=True,
    )  # fmt: skip
    docker("import", tarball, NAME)
    tarball.unlink()
    return NAME
