"""The target for developers: tools, a debugger, and the source as it is on their disk."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lamina.dockerfile.annotated import Paragraph
from lamina.dockerfile.instructions import Copy, From, Instruction, Listing
from lamina.engines.buildkit import mounts, scripts
from lamina.engines.buildkit.mounts import bound, run, run_script
from lamina.engines.buildkit.runtime import configuration_of, programs_of
from lamina.engines.buildkit.stages import copied
from lamina.plan.plan import BuildPlan
from lamina.project.project import Project

_DEBUGGER: Final = "debugpy"
_PORT: Final = "5678"
_EDITABLE: Final = """\
set -eu
mkdir -p {root}
cp -a /src/. {root}
install-into-venv --no-deps --editable {root}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dev:
    """Where the developers' tools are listed.

    ``requirements`` is a file with hashes; without one, ``group`` is a dependency group of
    pyproject.toml, whose versions the lock constrains.
    """

    group: str = ""
    requirements: str = ""


def dev_stages(
    project: Project,
    plan: BuildPlan,
    dev: Dev,
    environment: tuple[Instruction, ...],
    *,
    lock: str,
) -> Iterable[Paragraph]:
    """Write the stages of the target ``dev``."""
    root = plan.runtime.working_directory
    yield Paragraph(
        instructions=(From(image="builder", name="dev-tools"), *_tools(dev, lock)),
        comment=f"Tools of the developers, and {_DEBUGGER}.",
    )
    if project.is_distributable:
        editable = run_script(
            _EDITABLE.format(root=root),
            *mounts.UV,
            bound(".", at="/src"),
        )
        yield Paragraph(
            instructions=(From(image="builder", name="editable"), editable),
            comment="The project's programs and metadata, which lead to the source.",
        )
    sources = [copied("dev-tools")]
    if project.is_distributable:
        sources.append(copied("editable"))
    yield Paragraph(
        instructions=(
            From(image="runtime", name="dev"),
            *environment,
            *sources,
            Copy(flags=(("link", None),), sources=(".",), destination=f"{root}/"),
        ),
        comment=_comment(plan),
    )
    yield Paragraph(
        instructions=(
            *configuration_of(plan),
            Listing(keyword="EXPOSE", values=(_PORT,)),
            *programs_of(plan),
        )
    )


def _tools(dev: Dev, lock: str) -> Iterable[Instruction]:
    """Install what is pinned by hash, then what is not: the two do not mix in one command."""
    if dev.requirements:
        listed = bound(dev.requirements)
        yield run(
            f"install-into-venv --no-deps --require-hashes -r {scripts.REQUIREMENTS}",
            *mounts.UV,
            listed,
        )
    words, files = [_DEBUGGER], []
    if dev.group and not dev.requirements:
        words.append(f"--group /pyproject.toml:{dev.group}")
        files.append(bound("pyproject.toml", at="/pyproject.toml"))
    if lock:
        words.append("--constraints /constraints.txt")
        files.append(bound(lock, at="/constraints.txt"))
    yield run(f"install-into-venv {' '.join(words)}", *mounts.UV, *files)


def _comment(plan: BuildPlan) -> str:
    program = plan.runtime.entrypoint or plan.runtime.command
    words = " ".join(program[1:])
    target = "" if program[0] == "python" else f"{plan.venv}/bin/{program[0]} "
    return (
        "For developers: `docker build --target dev`, then mount the source over the copy:\n"
        f'  docker run --mount type=bind,src="$PWD",dst={plan.runtime.working_directory} IMAGE\n'
        f"The debugger waits on {_PORT} with\n"
        f"  --entrypoint python IMAGE -m {_DEBUGGER} --listen 0.0.0.0:{_PORT} {target}{words}"
    ).rstrip()
