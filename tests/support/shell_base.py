"""A small base image with this machine's own shell: no registry is needed."""

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.support.docker_engine import Docker

NAME = "shell-base:1"
PROGRAMS = ("sh", "cat", "sleep")


def import_shell_base(docker: Docker, folder: Path) -> str:
    """Import /bin/sh, cat, sleep and the libraries that they need; return the image's name."""
    archive = folder / "shell-base.tar"
    with tarfile.open(archive, "w") as tar:
        for program in PROGRAMS:
            found = Path(shutil.which(program) or f"/bin/{program}").resolve()
            tar.add(found, arcname=f"bin/{program}")
            for library in _libraries(found):
                if library.lstrip("/") not in tar.getnames():
                    tar.add(Path(library).resolve(), arcname=library.lstrip("/"))
        folder_of_tmp = tarfile.TarInfo("tmp")
        folder_of_tmp.type, folder_of_tmp.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(folder_of_tmp, io.BytesIO())
    docker("import", archive, NAME)
    return NAME


def _libraries(program: Path) -> list[str]:
    done = subprocess.run(["ldd", program], check=False, capture_output=True, text=True)
    return re.findall(r"(/\S+) \(0x", done.stdout)
