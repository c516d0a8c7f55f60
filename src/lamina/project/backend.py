"""The project's own wheel, made by its own build backend (PEP 517) through uv."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from lamina.errors import ProjectError, ToolError
from lamina.processes import run
from lamina.project.checkout import copy_checkout
from lamina.project.files import wheel_files
from lamina.project.project import Project
from lamina.project.repository import history_facts

_SOURCE_DATE_EPOCH = "315532800"


def source_fingerprint(project: Project) -> str:
    """Identify the state of the files that the wheel is made from, without reading them.

    Names, modes, sizes and modification times; equal fingerprints mean an unchanged checkout.
    """
    hasher = hashlib.sha256()
    for path in wheel_files(project):
        status = path.stat()
        relative = path.relative_to(project.directory)
        facts = f"{relative}\0{status.st_mode}\0{status.st_size}\0{status.st_mtime_ns}\n"
        hasher.update(facts.encode("utf-8", "surrogateescape"))
    if project.is_versioned_by_tags:
        hasher.update(history_facts(project.directory.resolve()).encode())
    return hasher.hexdigest()


def build_wheel(project: Project, output: Path, *, uv: str, environment: Mapping[str, str]) -> Path:
    """Build the wheel of a clean checkout of the project into ``output`` and return its path.

    Nothing is written to the project's folder.  ``uv`` is the program; ``environment`` is the
    user's, because the backend is the user's own code and its requirements come from the user's
    index.  Raises ``ProjectError`` with the last lines of what the backend said.
    """
    with TemporaryDirectory(prefix="lamina-") as folder:
        copy = copy_checkout(
            project.directory,
            Path(folder),
            tracked=_tracked,
            is_whole=project.is_versioned_by_tags,
        )
        code, said = _run(copy, output, uv=uv, environment=environment)
        said = said.replace(str(copy), str(project.directory))
    wheels = sorted(output.glob("*.whl"))
    if code or len(wheels) != 1:
        raise ProjectError(
            "the build backend could not make the project's wheel",
            where=str(project.directory),
            why="\n".join(said.strip().splitlines()[-15:]),
            hint="`uv build --wheel` in a clean checkout of that folder shows the same",
        )
    return wheels[0]


def _run(copy: Path, output: Path, *, uv: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run the backend; return its exit code and what it said."""
    options = ["--no-index"] if environment.get("UV_NO_INDEX") else []  # uv reads no such variable
    command = [uv, "build", "--wheel", *options, "--out-dir", str(output), str(copy)]
    try:
        done = run(command, environment={**environment, "SOURCE_DATE_EPOCH": _SOURCE_DATE_EPOCH})
    except OSError as error:
        raise ToolError(f"cannot start uv: {error.strerror}", where=uv) from error
    return done.returncode, done.stderr


def _tracked(folder: Path) -> list[str]:
    """Name the files below ``folder`` that git tracks; none where there is no git."""
    try:
        done = run(["git", "-C", str(folder), "ls-files", "-z"])
    except OSError:
        return []
    return [name for name in done.stdout.split("\0") if name] if not done.returncode else []
