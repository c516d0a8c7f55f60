"""A Debian with Python and pip in a local registry, as a base for builders that know no Lamina."""

import subprocess
from pathlib import Path

from tests.support.docker_engine import Docker
from tests.support.process import run

PACKAGES = ("ca-certificates", "libgomp1", "python3", "python3-pip")


def push_base(docker: Docker, reference: str, folder: Path, packages: tuple[str, ...]) -> str:
    """Make a minimal bookworm with ``packages``, and push it as ``reference``; return that."""
    tarball = folder / "base.tar"
    mirrors = run(
        "apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Codename: bookworm"
    )
    include = [f"--include={','.join(packages)}"] if packages else []
    subprocess.run(
        ["mmdebstrap", "--variant=minbase", *include, "bookworm", tarball, mirrors.split()[0]],
        check=True,
        capture_output=True,
    )
    docker("import", tarball, reference)
    tarball.unlink()
    docker("push", "--quiet", reference)
    return reference
