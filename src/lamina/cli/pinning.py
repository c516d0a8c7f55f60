"""Pinning: which lists of dependencies become which locks, and what uv is asked for each."""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from lamina.cli import wiring
from lamina.cli.conda import conda_lines, find_environment
from lamina.errors import LockError
from lamina.lock.conda import missing_name, without
from lamina.lock.own_line import without_project
from lamina.lock.requirements import read_requirements
from lamina.lock.uv import Uv
from lamina.project.detect.requirement_files import PLACES
from lamina.project.locks import LIST, LOCKS, TOOLS, list_hint, variant_lock
from lamina.project.project import Project
from lamina.project.read import read_project
from lamina.project.variants import has_own_requirements, installs_other
from lamina.steps import Step

_YAML = (".yml", ".yaml")
_IN = ".in"
_DEFAULT_PYTHON = {"debian:bookworm": "3.11", "debian:trixie": "3.13"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What is pinned: ``lists`` maps each lock to what it is made from, the project's own first."""

    project: Project
    lists: Mapping[Path, Path]
    is_upgrade: bool
    upgrade: tuple[str, ...]
    folder: Path


def locked_elsewhere(project: Project, options: argparse.Namespace) -> str:
    """Name the tool whose lock the project has, and which is the one to bring it up to date."""
    if options.source or options.output or project.requirements is None:
        return ""
    return TOOLS.get(project.requirements.name, "")


def pin_distributions(
    project: Project, options: argparse.Namespace, step: Step
) -> Mapping[Path, str]:
    """Return the text of each lock: the project's, and one for each variant that installs more.

    What several of them have is the same version in all: it is chosen once, for all together.
    """
    output = options.output or lock_to_write(project)
    with TemporaryDirectory(prefix="lamina-") as name:
        folder = Path(name)
        order = _Order(
            project=project,
            lists=_lists(project, options.source, output, folder, step),
            is_upgrade=options.upgrade,
            upgrade=tuple(options.upgrade_package),
            folder=folder,
        )
        if not options.output:
            _refuse_lists(order.lists)
        wiring.warn_about_indexes(step)
        uv = wiring.uv_program(is_pinned=False)
        with step.child("resolve dependencies") as resolving:
            texts = _alone(order, uv) if len(order.lists) == 1 else _together(order, uv)
            return {path: _cleaned(order, path, text, resolving) for path, text in texts.items()}


def _cleaned(order: _Order, output: Path, text: str, step: Step) -> str:
    """Leave the project itself out of its lock; refuse what no build could read there."""
    new = without_project(
        text,
        project=order.project.directory,
        start=_start(order, order.lists[output]),
        name=output.name,
    )
    for line in new.left_out:
        step.warn(f"{line!r} is the project itself: it is in the image without being in its lock")
    return new.text


def _refuse_lists(outputs: Iterable[Path]) -> None:
    """Raise ``LockError`` for a place where a list stands that somebody wrote by hand."""
    for path in outputs:
        lines = read_requirements(path) if path.is_file() else ()
        is_list = any(not {"==", "==="} & {s.operator for s in line.requirement.specifier}
                      for line in lines if line.requirement.url is None)  # fmt: skip
        if is_list:
            raise LockError(
                "there is a list of requirements where the lock would be written",
                where=str(path),
                hint="call it requirements.in to lock it, or write the lock elsewhere with -o",
            )


def lock_to_write(project: Project) -> Path:
    """Name the lock that a build of the project reads, or will read once it is there.

    Raises ``LockError`` where that is none that is written here: any other would not be used.
    """
    read = project.requirements
    if read is None or (read.suffix == _IN and not project.settings.requirements):
        return project.directory / LOCKS[-1]
    if read.suffix == _IN:
        raise LockError(
            f"a build reads {read.name}, which is a list and no lock",
            where="pyproject.toml, tool.lamina.requirements",
            hint=list_hint(read),
        )
    if read.suffix == ".toml" or read.name in TOOLS:
        tool = TOOLS.get(read.name)
        how = f"`{tool} lock`" if tool else "the tool that wrote it"
        raise LockError(
            f"a build reads {read.name}, which `lamina lock` does not write",
            where=str(read),
            hint=f"bring it up to date with {how}, or delete it; `--only base` pins the base "
            "alone; `-o FILE` writes a lock that `requirements` in [tool.lamina] can name",
        )
    return read


def _lists(
    project: Project, chosen: Path | None, output: Path, folder: Path, step: Step
) -> Mapping[Path, Path]:
    own = _source(project, chosen, folder, output, step)
    lists = {output: own}
    for name in () if chosen else project.settings.variants:
        variant = read_project(project.directory, name, needs_lock=False)
        is_other = installs_other(project.settings, variant.settings)
        if is_other and not has_own_requirements(project.settings, name):
            lists[variant_lock(output, name)] = _of_variant(project, variant, own, folder)
    return lists


def _of_variant(project: Project, variant: Project, own: Path, folder: Path) -> Path:
    """List what a variant installs: beside a list in a file, what its extras and groups add."""
    lines = list(variant.dependencies)
    if own.parent != folder:
        lines = [f"-r {own.resolve()}", *(x for x in lines if x not in project.dependencies)]
    return _written(folder / f"{variant.variant}.in", lines)


def _alone(order: _Order, uv: Uv) -> Mapping[Path, str]:
    ((output, source),) = order.lists.items()
    if source.stem.endswith(_YAML):
        return {output: _pin_what_there_is(order, uv, source)}
    return {output: _pin(order, uv, source)}


def _pin_what_there_is(order: _Order, uv: Uv, source: Path) -> str:
    """Pin conda's names; those that no index has are refused together, and not one by one."""
    lines, missing = source.read_text("utf-8").splitlines(), list[str]()
    text = ""
    while not text and len(missing) <= len(lines):
        try:
            text = _pin(order, uv, _written(source, without(lines, *missing)))
        except LockError as error:
            name = missing_name(error.why or "")
            if not name or name in missing or len(without(lines, name)) == len(lines):
                raise
            missing.append(name)
    if missing:
        raise LockError(
            f"no index has {', '.join(sorted(missing))}",
            where="environment.yml",
            hint="if it is no Python, name its Debian package in system-packages and take the line "
            "out; if the index has it under another name, list that one below pip",
        )
    return text


def _together(order: _Order, uv: Uv) -> Mapping[Path, str]:
    """Choose the versions of all at once, and then tell each lock what it needs of them."""
    everything = [f"-r {source.resolve()}" for source in order.lists.values()]
    try:
        text = _pin(order, uv, _written(order.folder / "all.in", everything))
    except LockError as error:
        error.hint = (
            "all variants get equal versions of what they share; one that cannot have them needs "
            "`requirements` of its own in its table"
        )
        raise
    chosen = order.folder / "all.txt"
    distributions = (row for row in text.splitlines(keepends=True) if not row.startswith("-e "))
    chosen.write_text("".join(distributions), encoding="utf-8")  # editables are no constraints
    return {
        output: uv.pin(
            source,
            python=locked_python(order.project),
            directory=order.project.directory,
            constraints=chosen,
        )
        for output, source in order.lists.items()
    }


def _pin(order: _Order, uv: Uv, source: Path) -> str:
    """Pin one list, with the versions of the old locks where they fit."""
    old = [] if order.is_upgrade else [path for path in order.lists if path.exists()]
    previous = order.folder / "previous.txt"
    if old:  # a copy, for uv writes over it
        previous.write_text(
            "\n".join(path.read_text("utf-8-sig") for path in old), encoding="utf-8"
        )
    return uv.pin(
        source,
        python=locked_python(order.project),
        directory=_start(order, source),
        previous=previous if old else None,
        upgrade=order.upgrade,
    )


def _start(order: _Order, source: Path) -> Path:
    """Return the folder that paths in a list are relative to."""
    return order.project.directory if source.parent == order.folder else source.parent


def _source(project: Project, chosen: Path | None, folder: Path, output: Path, step: Step) -> Path:
    listed = chosen or project.directory / LIST
    if not chosen and not listed.exists() and not project.dependencies:
        listed = find_environment(project.directory) or listed
    if output.exists() and output.resolve() in _sources(listed, project):
        raise LockError("the lock would overwrite what it is made from", where=str(output))
    if listed.exists() and listed.suffix in _YAML:
        lines = conda_lines(listed, project, step, python=locked_python(project))
        return _written(folder / f"conda{listed.suffix}.in", lines)
    if listed.exists():
        return listed
    if chosen:
        raise LockError(
            "there is no such file", where=str(chosen), hint="give --from a requirements file"
        )
    if not project.dependencies:
        there = next((name for name in PLACES if (project.directory / name).is_file()), "")
        raise LockError(
            "there is nothing to lock",
            where=str(project.directory),
            hint="list dependencies in [project] of pyproject.toml or in requirements.in, "
            f"or name a requirements file with --from{there and ' '}{there}; "
            "`--only base` pins the base alone",
        )
    return _written(folder / LIST, project.dependencies)


def _sources(listed: Path, project: Project) -> tuple[Path, ...]:
    return listed.resolve(), (project.directory / "pyproject.toml").resolve()


def _written(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def locked_python(project: Project) -> str:
    """Return the oldest Python that a lock is made for: the image's, as far as it is known."""
    return project.settings.python or _DEFAULT_PYTHON.get(project.settings.base, "3.11")
