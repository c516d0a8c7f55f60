"""The project's own wheel, made by its own build backend (PEP 517) through uv."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from lamina.errors import ProjectError, ToolError
from lamina.processes import run
from lamina.project.files import source_files
from lamina.project.project import Project

_SOURCE_DATE_EPOCH = "315532800"


def source_fingerprint(project: Project) -> str:
    """Identify the state of the files that the wheel is made from, without reading them.

    Names, modes, sizes and modification times; equal fingerprints mean an unchanged checkout.
    """
    hasher = hashlib.sha256()
    for path in source_files(project):
        status = path.stat()
        relative = path.relative_to(project.directory)
        facts = f"{relative}\0{status.st_mode}\0{status.st_size}\0{status.st_mtime_ns}\n"
        hasher.update(facts.encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()


def build_wheel(project: Project, output: Path, *, uv: str, environment: Mapping[str, str]) -> Path:
    """Build the project's wheel into ``output`` and return its path.

    ``uv`` is the program; ``environment`` is the user's, because the backend is the user's own
    code and its requirements come from the user's index.  Raises ``ProjectError`` with the last
    lines of what the backend said.
    """
    options = ["--no-index"] if environment.get("UV_NO_INDEX") else []  # uv reads no such variable
    command = [uv, "build", "--wheel", *options, "--out-dir", str(output), str(project.directory)]
    try:
        done = run(command, environment={**environment, "SOURCE_DATE_EPOCH": _SOURCE_DATE_EPOCH})
    except OSError as error:
        raise ToolError(f"cannot start uv: {error.strerror}", where=uv) from error
    wheels = sorted(output.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise ProjectError(
            "the build backend could not make the project's wheel",
            where=str(project.directory),
            why="\n".join(done.stderr.strip().splitlines()[-15:]),
            hint="`uv build --wheel` in that folder shows the same",
        )
    return wheels[0]
